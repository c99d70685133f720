//! The `wattmandi` program: see `wattmandi --help`.

fn main() -> std::process::ExitCode {
    wattmandi::cli::run()
}
