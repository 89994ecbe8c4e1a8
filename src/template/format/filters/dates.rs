//! Filters of dates: `date`, `time`, `date_add`, `days_until`, `age`.
//!
//! None of them knows what day it is: `now` is passed in, so that a row's result depends on what its expression names.

use jiff::Span;
use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::super::Locale;
use super::super::date::{
    DateLength, DateParts, LENGTHS, MomentStyle, STYLES, TIME_STYLES, TimeStyle, by_pattern, moment,
};
use super::super::moment::Moment;
use super::arguments::{Options, invalid, word_of};

/// Adds them.
pub(super) fn add(environment: &mut Environment<'static>, locale: &Locale) {
    let default = locale.clone();
    environment.add_filter("date", move |value: &Value, style: Option<Value>, kwargs: Kwargs| {
        date(value, style.as_ref(), &Options::new("date", &kwargs, &default))
    });
    let default = locale.clone();
    environment.add_filter("time", move |value: &Value, style: Option<Value>, kwargs: Kwargs| {
        let options = Options::new("time", &kwargs, &default);
        let locale = options.locale()?;
        options.finish()?;
        let style = style.map(|style| word_of(&style, "time style", TIME_STYLES)).transpose()?;
        let style = MomentStyle { date: None, time: Some(style.unwrap_or(TimeStyle::Short)) };
        Ok::<_, Error>(moment(&moment_of(value, "time")?, &locale, style)?)
    });
    let default = locale.clone();
    environment.add_filter("date_add", move |value: &Value, kwargs: Kwargs| {
        let options = Options::new("date_add", &kwargs, &default);
        let span = span(&options)?;
        options.finish()?;
        Ok::<_, Error>(moment_of(value, "date_add")?.add(span)?.to_iso())
    });
    environment.add_filter("days_until", |value: &Value, today: Option<Value>| {
        let today = today.ok_or_else(|| invalid("days_until needs a day to count from: days_until(now)"))?;
        Ok::<_, Error>(moment_of(value, "days_until")?.days_since(&moment_of(&today, "days_until")?))
    });
    environment.add_filter("age", |value: &Value, today: Option<Value>| {
        let today = today.ok_or_else(|| invalid("age needs a day to count to: age(now)"))?;
        Ok::<_, Error>(moment_of(value, "age")?.years_until(&moment_of(&today, "age")?))
    });
}

fn moment_of(value: &Value, filter: &str) -> Result<Moment, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String => Ok(value.as_str().unwrap_or_default().parse::<Moment>()?),
        kind => Err(invalid(format!("{filter} expects a date, got a value of type {kind}"))),
    }
}

fn date(value: &Value, style: Option<&Value>, options: &Options<'_>) -> Result<String, Error> {
    let locale = options.locale()?;
    let length = options.word("length", LENGTHS)?;
    let time = options.word("time", TIME_STYLES)?;
    let pattern = options.value("pattern")?;
    options.finish()?;
    let value = moment_of(value, "date")?;
    if let Some(pattern) = pattern {
        if style.is_some() || length.is_some() || time.is_some() {
            return Err(invalid("a pattern says it all: leave the style, length and time out"));
        }
        let pattern = pattern.as_str().ok_or_else(|| invalid("pattern must be text, such as 'd MMMM y'"))?;
        return Ok(by_pattern(&value, &locale, pattern)?);
    }
    let (parts, usual) = match style {
        Some(style) => word_of(style, "date style", STYLES)?,
        None => (DateParts::Date, DateLength::Medium),
    };
    let style = MomentStyle { date: Some((parts, length.unwrap_or(usual))), time };
    if time.is_some() && matches!(parts, DateParts::Day | DateParts::Month | DateParts::Year | DateParts::MonthYear) {
        return Err(invalid("a time goes only with a whole date, a day and month, or a weekday"));
    }
    Ok(moment(&value, &locale, style)?)
}

fn span(options: &Options<'_>) -> Result<Span, Error> {
    let mut span = Span::new();
    let mut is_given = false;
    let out_of_range = |_| invalid("the span of time is too long");
    type Add = fn(Span, i64) -> Result<Span, jiff::Error>;
    let parts: [(&'static str, Add); 6] = [
        ("years", |span, n| span.try_years(n)),
        ("months", |span, n| span.try_months(n)),
        ("weeks", |span, n| span.try_weeks(n)),
        ("days", |span, n| span.try_days(n)),
        ("hours", |span, n| span.try_hours(n)),
        ("minutes", |span, n| span.try_minutes(n)),
    ];
    // Signs may differ between parts, which one span cannot hold: they are added one after the other.
    let mut signs = 0;
    for (name, add) in parts {
        if let Some(n) = options.whole(name)? {
            span = add(span, n).map_err(out_of_range)?;
            is_given = true;
            signs |= if n < 0 { 1 } else { 2 };
        }
    }
    if signs == 3 {
        return Err(invalid("date_add goes either forward or back: use it twice"));
    }
    if is_given { Ok(span) } else { Err(invalid("date_add needs days=, weeks=, months=, years=, hours= or minutes=")) }
}
