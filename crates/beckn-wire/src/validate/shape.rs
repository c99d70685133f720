//! The vocabulary in which message bodies are described: one description, two texts of the specification.
//!
//! A [`Shape`] says what JSON Schema 2020-12 would say with `type`, `format`, `enum`, `properties`,
//! `required`, `additionalProperties`, `items`, `allOf`, `oneOf` and the bounds; nothing else is needed.
//! Where the texts differ, a [`When`] says in which of them a member exists, is required, or an object is
//! closed. Everything is `static`, so recursive types are plain references.

/// Which text of Beckn 2.0.0 is meant. `context.version` is the same in both and cannot tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Text {
    /// The tag `core-v2.0.0-lts` of April 2026, which deployed adapters validate against by default.
    Tag,
    /// The main line after the LTS release of May 2026.
    Main,
}

impl Text {
    pub const ALL: [Self; 2] = [Self::Tag, Self::Main];

    /// The folder name of the generated schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Main => "main",
        }
    }
}

/// The texts in which something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Never,
    Tag,
    Main,
    Both,
}

impl When {
    pub(crate) const fn holds(self, text: Text) -> bool {
        matches!((self, text), (Self::Both, _) | (Self::Tag, Text::Tag) | (Self::Main, Text::Main))
    }
}

/// What a string must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Uuid,
    DateTime,
    Time,
    /// Annotated, not asserted: the verdicts of both texts take any string here.
    Uri,
    /// `BLAKE-512=` and base64.
    Digest,
    /// Exactly that many characters.
    Length(usize),
}

/// What a value must look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Any,
    Str(Form),
    Words(&'static [&'static str]),
    Bool,
    Number {
        min: Option<u64>,
    },
    Integer {
        min: Option<u64>,
        max: Option<u64>,
    },
    NullOr(&'static Shape),
    List {
        items: &'static Shape,
        min: usize,
        max: Option<usize>,
    },
    /// An object whose members all have one shape.
    Map(&'static Shape),
    Object(&'static Object),
    All(&'static [Shape]),
    OneOf(&'static [Shape]),
    PerText {
        tag: &'static Shape,
        main: &'static Shape,
    },
}

pub(crate) const TEXT: Shape = Shape::Str(Form::Plain);
pub(crate) const UUID: Shape = Shape::Str(Form::Uuid);
pub(crate) const DATE_TIME: Shape = Shape::Str(Form::DateTime);
pub(crate) const TIME: Shape = Shape::Str(Form::Time);
pub(crate) const URI: Shape = Shape::Str(Form::Uri);
pub(crate) const NUMBER: Shape = Shape::Number { min: None };
pub(crate) const INTEGER: Shape = Shape::Integer { min: None, max: None };
pub(crate) const TEXTS: Shape = list(&TEXT);

pub(crate) const fn list(items: &'static Shape) -> Shape {
    Shape::List { items, min: 0, max: None }
}

pub(crate) const fn list_of_some(items: &'static Shape) -> Shape {
    Shape::List { items, min: 1, max: None }
}

/// A named object type; the name becomes its `$defs` key in the generated schemas.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) name: &'static str,
    /// Whether anything but an object is refused. A schema that lists members without saying `type: object`
    /// takes any string or number; the exact verdict needs that too.
    pub(crate) typed: bool,
    pub(crate) closed: When,
    pub(crate) fields: &'static [Field],
    /// At least one of these sets of members must be there whole.
    pub(crate) any_of: (When, &'static [&'static [&'static str]]),
}

impl Object {
    /// Further members are allowed.
    pub(crate) const fn open(name: &'static str, fields: &'static [Field]) -> Self {
        Self { name, typed: true, closed: When::Never, fields, any_of: (When::Never, &[]) }
    }

    /// Further members are refused.
    pub(crate) const fn closed(name: &'static str, fields: &'static [Field]) -> Self {
        Self::open(name, fields).closed_in(When::Both)
    }

    pub(crate) const fn closed_in(mut self, texts: When) -> Self {
        self.closed = texts;
        self
    }

    pub(crate) const fn untyped(mut self) -> Self {
        self.typed = false;
        self
    }

    pub(crate) const fn any_of(mut self, texts: When, sets: &'static [&'static [&'static str]]) -> Self {
        self.any_of = (texts, sets);
        self
    }

    /// The members that the text knows.
    pub(crate) fn fields(&self, text: Text) -> impl Iterator<Item = &'static Field> {
        self.fields.iter().filter(move |field| field.present.holds(text))
    }
}

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) present: When,
    pub(crate) required: When,
}

impl Field {
    /// The member exists in these texts only.
    pub(crate) const fn only(mut self, texts: When) -> Self {
        self.present = texts;
        self
    }

    /// The member is required in these texts only.
    pub(crate) const fn required_in(mut self, texts: When) -> Self {
        self.required = texts;
        self
    }
}

/// An optional member.
pub(crate) const fn opt(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, present: When::Both, required: When::Never }
}

/// A required member.
pub(crate) const fn need(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, present: When::Both, required: When::Both }
}
