//! PDFs with text of the test's own: lines on pages, in Latin by a standard font, in any other script by a mapping of codes
//! to characters, as the programs of DISCOMs write them.

/// A PDF with these lines on its pages.
pub fn document(pages: &[&[&str]]) -> Vec<u8> {
    made(pages, false)
}

/// As [`document`], but locked by a password that nobody has.
pub fn locked(pages: &[&[&str]]) -> Vec<u8> {
    made(pages, true)
}

fn made(pages: &[&[&str]], locked: bool) -> Vec<u8> {
    let first = 7;
    let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", first + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Font /Subtype /Type0 /BaseFont /Other /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [5 0 R] >>"
            .to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Other /DW 500 \
         /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> \
         /FontDescriptor << /Type /FontDescriptor /FontName /Other /Flags 4 >> >>"
            .to_owned(),
        stream(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n1 begincodespacerange\n<0000> <FFFF>\n\
             endcodespacerange\n2 beginbfrange\n<0020> <007E> <0020>\n<0900> <097F> <0900>\nendbfrange\nendcmap end end",
        ),
    ];
    for (page, lines) in pages.iter().enumerate() {
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>",
            first + 2 * page + 1
        ));
        objects.push(stream(&content(lines)));
    }
    let mut trailer = format!("/Size {} /Root 1 0 R", objects.len() + 2);
    if locked {
        let nobodys = "00".repeat(32);
        objects.push(format!(
            "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{nobodys}> /U <{nobodys}> >>"
        ));
        trailer.push_str(&format!(" /Encrypt {} 0 R /ID [<{nobodys}> <{nobodys}>]", objects.len()));
    }
    let mut file = "%PDF-1.7\n".to_owned();
    let mut places = String::new();
    for (index, object) in objects.iter().enumerate() {
        places.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let (start, count) = (file.len(), objects.len() + 1);
    file.push_str(&format!("xref\n0 {count}\n0000000000 65535 f \n{places}"));
    file.push_str(&format!("trailer << {trailer} >>\nstartxref\n{start}\n%%EOF\n"));
    file.into_bytes()
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

fn content(lines: &[&str]) -> String {
    let mut content = "BT\n".to_owned();
    for (line, text) in lines.iter().enumerate() {
        content.push_str(&format!("1 0 0 1 40 {} Tm ", 760_i64 - 16 * i64::try_from(line).unwrap()));
        if text.is_ascii() {
            let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            content.push_str(&format!("/F1 8 Tf ({escaped}) Tj\n"));
        } else {
            let codes: String = text.encode_utf16().map(|code| format!("{code:04X}")).collect();
            content.push_str(&format!("/F2 8 Tf <{codes}> Tj\n"));
        }
    }
    content + "ET"
}
