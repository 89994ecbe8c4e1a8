//! Filters of text: letter case, `initials`, `truncate`, `list_join`, `slug`, `replace`, `join`.

use icu_list::options::ListLength;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error};

use super::super::list::{LENGTHS, ListStyle, STYLES, list};
use super::super::{Locale, case};
use super::arguments::{Options, invalid, text_of, too_long, whole_of, word_of};
use crate::template::scalar::MAX_TEXT_BYTES;

/// Adds them.
pub(super) fn add(environment: &mut Environment<'static>, locale: &Locale) {
    type Case = fn(&str, &Locale) -> String;
    let cases: [(&'static str, Case); 4] =
        [("upper", case::upper), ("lower", case::lower), ("title", case::title), ("capitalize", case::capitalize)];
    for (name, change) in cases {
        let default = locale.clone();
        environment.add_filter(name, move |value: &Value, kwargs: Kwargs| {
            let options = Options::new(name, &kwargs, &default);
            let locale = options.locale()?;
            options.finish()?;
            Ok::<_, Error>(change(&bounded(text_of(value)?)?, &locale))
        });
    }
    let default = locale.clone();
    environment.add_filter("initials", move |value: &Value, most: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("initials", &kwargs, &default);
        let locale = options.locale()?;
        options.finish()?;
        let most = most.map_or(Ok(2), |most| count_of(&most, "the number of initials"))?;
        Ok::<_, Error>(case::initials(&bounded(text_of(value)?)?, most, &locale))
    });
    let default = locale.clone();
    environment.add_filter("truncate", move |value: &Value, most: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("truncate", &kwargs, &default);
        let end = options.value("end")?.map_or(Ok("…".to_owned()), |end| text_of(&end))?;
        options.finish()?;
        let most = most.ok_or_else(|| invalid("truncate needs a number of characters: truncate(40)"))?;
        let most = count_of(&most, "the number of characters")?;
        bounded(case::truncate(&bounded(text_of(value)?)?, most, &end))
    });
    let default = locale.clone();
    environment.add_filter("list_join", move |items: &Value, style: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("list_join", &kwargs, &default);
        let (locale, length) = (options.locale()?, options.word("length", LENGTHS)?.unwrap_or(ListLength::Wide));
        options.finish()?;
        let style = style.map_or(Ok(ListStyle::And), |style| word_of(&style, "list style", STYLES))?;
        list_join(items, &locale, style, length)
    });
    environment.add_filter("slug", |value: &Value| slug(&text_of(value)?));
    environment.add_filter("replace", |value: &Value, from: &Value, to: &Value| {
        replace(&text_of(value)?, &text_of(from)?, &text_of(to)?)
    });
    environment.add_filter("join", join);
}

fn bounded(text: String) -> Result<String, Error> {
    if text.len() > 2 * MAX_TEXT_BYTES { Err(too_long()) } else { Ok(text) }
}

fn count_of(value: &Value, name: &str) -> Result<usize, Error> {
    usize::try_from(whole_of(value, name)?).map_err(|_| invalid(format!("{name} must not be negative")))
}

fn list_join(items: &Value, locale: &Locale, style: ListStyle, length: ListLength) -> Result<String, Error> {
    let mut texts = Vec::new();
    let mut bytes = 0;
    for item in items.try_iter()? {
        let text = text_of(&item)?;
        // Some letters of its own go with every item.
        bytes += text.len() + 8;
        if bytes > MAX_TEXT_BYTES {
            return Err(too_long());
        }
        texts.push(text);
    }
    Ok(list(&texts, locale, style, length))
}

/// Lower-case ASCII words joined by hyphens: `Crème brûlée!` is `creme-brulee`.
fn slug(text: &str) -> Result<String, Error> {
    let mut slug = String::new();
    for c in deunicode::deunicode(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if c != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() > MAX_TEXT_BYTES {
            return Err(too_long());
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    Ok(slug)
}

fn replace(text: &str, from: &str, to: &str) -> Result<String, Error> {
    let grown = text.matches(from).count().saturating_mul(to.len()).saturating_add(text.len());
    if grown > 2 * MAX_TEXT_BYTES {
        return Err(too_long());
    }
    Ok(text.replace(from, to))
}

fn join(list: &Value, separator: Option<&Value>, attribute: Option<&str>) -> Result<String, Error> {
    let separator = separator.map(text_of).transpose()?.unwrap_or_default();
    let mut joined = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        let item = match attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        joined.push_str(&text_of(&item)?);
        if joined.len() > MAX_TEXT_BYTES || index > MAX_TEXT_BYTES {
            return Err(too_long());
        }
    }
    Ok(joined)
}
