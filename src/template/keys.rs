//! The vocabulary of descriptions: what a key is called, what it takes, what it says in the manual.
//!
//! [`super::tables`] describes every mapping of a template in these terms. Reading (unknown keys, ranges,
//! defaults) and the published schema both come from those tables, so that they cannot drift apart.

/// A mapping of a template: its keys, in groups so that layers can share some.
#[derive(Debug)]
pub(super) struct Object {
    /// What messages and the schema call it: `rect layer`, `frame`.
    pub name: &'static str,
    pub doc: &'static str,
    pub groups: &'static [&'static [Key]],
}

impl Object {
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + use<> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The key of this name or alias.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name || key.alias == Some(name))
    }
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub alias: Option<&'static str>,
    pub kind: Kind,
    /// One sentence for the schema.
    pub doc: &'static str,
    /// As it would be written in a template.
    pub default: Option<&'static str>,
    pub required: bool,
    /// Whether rows may set it: an expression is allowed.
    pub dynamic: bool,
}

impl Key {
    /// A key whose value may be an expression.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, alias: None, kind, doc, default: None, required: false, dynamic: true }
    }

    /// A key whose value is the same for every row.
    pub const fn fixed(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { dynamic: false, ..Self::new(name, kind, doc) }
    }

    pub const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    pub const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text; a number or `true` stands for its characters.
    Text,
    /// Text that may be used in names of files: letters, digits, `-`, `_` and `.`.
    Name,
    Boolean,
    /// `true`, `false`, or an expression whose truth counts.
    Condition,
    /// A finite number from the first to the second.
    Number(f64, f64),
    /// A whole number from the first to the second.
    Whole(u32, u32),
    /// A number of pixels from the first to the second, bare or with `px`.
    Pixels(f64, f64),
    /// Pixels or percent; `true`: not below 0.
    Length {
        positive: bool,
    },
    Degrees,
    /// 0 to 1, or percent.
    Fraction,
    Color,
    /// A colour or gradient.
    Fill,
    /// One of a few words.
    Choice(&'static [&'static str]),
    FontWeight,
    LineHeight,
    /// A path or URL of a photo.
    Asset,
    /// 1 to 4 lengths, clockwise from the top left.
    Radius,
    /// 1 to 4 numbers of pixels, as CSS shorthand.
    Padding,
    /// `full` or a mapping.
    Frame,
    Object(&'static Object),
    /// A mapping from names of the author's choice to such objects.
    Named(&'static Object),
    ObjectList(&'static Object),
    OneOrMany(&'static Object),
    /// A list of paths and of such objects.
    PathOrObjectList(&'static Object),
    /// A list's items: a mapping of named fields, or the word of a type.
    Items,
    /// A decoration: a word, a list of words, or a mapping.
    Decoration,
    /// One word of a decoration's line, or a list of them.
    DecorationLines,
    /// Child layers.
    Layers,
    /// Keys of the layer itself, by name of size.
    Overrides,
    /// A value of a field's own type.
    Any,
}
