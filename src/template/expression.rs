//! One `{{ … }}` or text with such in it, compiled once and evaluated per row.
//!
//! A text that is exactly one `{{ }}` keeps the type of its value; any other gives text. Evaluation is bounded:
//! by instructions (see [`super::filters`]) and by the length of what it gives.

use std::io;
use std::sync::Arc;

use minijinja::{Environment, Error, ErrorKind, Expression, Template, Value};
use self_cell::self_cell;

use super::format::filters::{FUEL, bounded};
use super::references::Reference;
use super::scalar::MAX_TEXT_BYTES;
use super::scan;

/// Longest text with expressions in it, in bytes.
const MAX_SOURCE_BYTES: usize = 16 << 10;

/// A compiled text.
pub(super) struct Program {
    code: CodeCell,
    names: Vec<String>,
    literals: Vec<String>,
    references: Vec<Reference>,
    cost: u64,
}

struct Source {
    environment: Arc<Environment<'static>>,
    text: String,
}

enum Code<'s> {
    Expression(Expression<'s, 's>),
    Text(Template<'s, 's>),
}

self_cell!(
    struct CodeCell {
        owner: Source,
        #[covariant]
        dependent: Code,
    }
);

impl Program {
    /// Compiles a text.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn compile(environment: &Arc<Environment<'static>>, text: &str) -> Result<Self, String> {
        if text.len() > MAX_SOURCE_BYTES {
            return Err(format!(
                "a text with expressions is at most {MAX_SOURCE_BYTES} bytes long, got {}",
                text.len()
            ));
        }
        let scan = scan::scan(text)?;
        let cost = if scan.has_loop { FUEL } else { scan.tokens as u64 };
        let references = scan.references.clone();
        let literals = scan.literals.iter().map(|literal| (*literal).to_owned()).collect();
        let is_exact = scan.exact.is_some();
        let text = scan.exact.unwrap_or(text).to_owned();
        let owner = Source { environment: Arc::clone(environment), text };
        let code = CodeCell::try_new(owner, |source| {
            let environment: &Environment<'_> = &source.environment;
            if is_exact {
                environment.compile_expression(&source.text).map(Code::Expression)
            } else {
                environment.template_from_named_str("text", &source.text).map(Code::Text)
            }
        })
        .map_err(|error| error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))?;
        let mut names: Vec<String> = match code.borrow_dependent() {
            Code::Expression(expression) => expression.undeclared_variables(false),
            Code::Text(template) => template.undeclared_variables(false),
        }
        .into_iter()
        .collect();
        names.sort_unstable();
        Ok(Self { code, names, literals, references, cost })
    }

    /// A program that gives an empty text.
    pub fn nothing(environment: &Arc<Environment<'static>>) -> Self {
        Self::compile(environment, "{{ '' }}").expect("a text of no characters is an expression")
    }

    /// The names it looks up, sorted.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// String literals of its expressions, as they are written.
    pub fn literals(&self) -> &[String] {
        &self.literals
    }

    /// What it looks up, with parts.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What one evaluation may take at most, in words and signs: lists aside, instructions are about as many.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Whether it is exactly one expression, which keeps its type.
    pub fn is_exact(&self) -> bool {
        matches!(self.code.borrow_dependent(), Code::Expression(_))
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// minijinja's; see [`explain`].
    pub fn eval(&self, scope: Value) -> Result<Value, Error> {
        bounded::start();
        match self.code.borrow_dependent() {
            Code::Expression(expression) => {
                let value = expression.eval(scope)?;
                match value.as_str() {
                    Some(text) if text.len() > MAX_TEXT_BYTES => Err(Error::from(ErrorKind::WriteFailure)),
                    _ => Ok(value),
                }
            }
            Code::Text(template) => {
                let mut text = Bounded(Vec::new());
                template.render_captured_to(scope, &mut text)?;
                let text = String::from_utf8(text.0).map_err(|_| Error::from(ErrorKind::WriteFailure))?;
                Ok(Value::from(text))
            }
        }
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("text", &self.code.borrow_owner().text).finish_non_exhaustive()
    }
}

/// A writer that refuses to grow beyond [`MAX_TEXT_BYTES`].
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_TEXT_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why an evaluation failed. `hide` where a message could quote personal data.
pub(super) fn explain(error: &Error, hide: bool) -> String {
    match error.kind() {
        ErrorKind::OutOfFuel => "the expression takes too long".to_owned(),
        ErrorKind::WriteFailure => format!("the text is longer than {MAX_TEXT_BYTES} bytes"),
        kind => match error.detail() {
            Some(detail) if !hide => super::reader::shorten_to(detail, 200),
            _ => kind.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::format::Locale;
    use crate::template::format::filters::environment;
    use minijinja::context;

    fn compile(text: &str) -> Result<Program, String> {
        Program::compile(&Arc::new(environment(&Locale::parse("en").unwrap())), text)
    }

    #[test]
    fn exact_expressions_keep_their_type() {
        let number = compile("{{ price * 2 }}").unwrap();
        assert!(number.is_exact());
        assert_eq!(number.eval(context! { price => 21 }).unwrap(), Value::from(42));
        let text = compile("now {{ price * 2 }}!").unwrap();
        assert_eq!(text.eval(context! { price => 1.5 }).unwrap(), Value::from("now 3!"));
        assert_eq!(compile("{% if a %}{{ b }}{% endif %}").unwrap().names(), ["a", "b"]);
    }

    #[test]
    fn evaluation_is_bounded() {
        let scope = || context! { list => vec![0; 1000] };
        let long = compile("{% for a in list %}{% for b in list %}x{% endfor %}{% endfor %}").unwrap();
        assert!(explain(&long.eval(scope()).unwrap_err(), false).contains("too long"));
        let wide = compile("{{ 'xxxxxxxxxx' * 10000 }}").unwrap();
        assert!(explain(&wide.eval(scope()).unwrap_err(), false).contains("longer than"));
        let wide = compile("a{{ 'xxxxxxxxxx' * 10000 }}").unwrap();
        assert!(explain(&wide.eval(scope()).unwrap_err(), false).contains("longer than"));
        assert!(compile(&format!("{{{{ a }}}}{}", "x".repeat(MAX_SOURCE_BYTES))).is_err());
    }

    #[test]
    fn syntax_errors_say_what_was_expected() {
        for text in ["{{ a + }}", "{{ (a }}", "{{ a b }}", "{% if a %}x", "{{ }}", "{% if %}"] {
            assert!(!compile(text).unwrap_err().is_empty(), "{text}");
        }
        let nested = format!("{{{{ {}a{} }}}}", "(".repeat(2_000), ")".repeat(2_000));
        assert!(compile(&nested).is_err());
    }
}
