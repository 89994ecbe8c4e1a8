//! minijinja's filters over lists, bounded: fuel counts instructions, and one `map` is one instruction, however long
//! its list is. (`join` has a bound of its own.)

use std::cell::Cell;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, State, Value, filters};

use super::arguments::invalid;

/// What the lists that one evaluation's filters go through may weigh together: an item is 16, a text its bytes.
const MAX_WEIGHT: usize = 4 << 20;
/// Lists within lists are weighed this deep.
const MAX_DEPTH: usize = 32;

thread_local! {
    /// What is left of it.
    static LEFT: Cell<usize> = const { Cell::new(MAX_WEIGHT) };
}

/// Starts the account of an evaluation on this thread.
pub(in crate::template) fn start() {
    LEFT.set(MAX_WEIGHT);
}

/// Puts the filters that go through a list behind the account.
pub(super) fn add(environment: &mut Environment<'static>) {
    let bounded = [
        ("list", Value::from_function(filters::list)),
        ("map", Value::from_function(filters::map)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("reverse", Value::from_function(filters::reverse)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("sort", Value::from_function(filters::sort)),
        ("string", Value::from_function(filters::string)),
        ("sum", Value::from_function(filters::sum)),
        ("unique", Value::from_function(filters::unique)),
    ];
    for (name, filter) in bounded {
        environment.add_filter(name, move |state: &mut State<'_, '_>, arguments: Rest<ValueOrKwargs>| {
            let arguments = arguments.into_values();
            let mut left = LEFT.get();
            let is_light = arguments.iter().all(|value| weigh(value, &mut left, 0));
            LEFT.set(left);
            if !is_light {
                return Err(invalid("the lists that the expression goes through are too long"));
            }
            filter.call(state, &arguments)
        });
    }
}

/// Takes a value's weight from what is left; ends at once where that is not enough.
fn weigh(value: &Value, left: &mut usize, depth: usize) -> bool {
    let own = value.as_str().map_or(16, |text| 16 + text.len());
    let Some(rest) = left.checked_sub(own).filter(|_| depth <= MAX_DEPTH) else {
        *left = 0;
        return false;
    };
    *left = rest;
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter().is_ok_and(|mut items| items.all(|item| weigh(&item, left, depth + 1)))
        }
        ValueKind::Map => value
            .try_iter()
            .is_ok_and(|mut keys| keys.all(|key| value.get_item(&key).is_ok_and(|part| weigh(&part, left, depth + 1)))),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::super::environment;
    use super::*;
    use crate::template::format::Locale;

    fn eval(expression: &str, list: &[String]) -> Result<String, String> {
        start();
        let environment = environment(&Locale::parse("en").unwrap());
        let compiled = environment.compile_expression(expression).unwrap();
        compiled
            .eval(context! { list => list.to_vec() })
            .map(|value| value.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn ordinary_lists_are_light() {
        let list: Vec<String> = (0..1_000).map(|number| format!("item {number}")).collect();
        assert_eq!(eval("list | map('upper') | join(', ') | length", &list).unwrap(), "9888");
        assert_eq!(eval("list | select('in', list) | list | length", &list).unwrap(), "1000");
        assert_eq!(eval("list | sort(reverse=true) | first", &list).unwrap(), "item 999");
        assert_eq!(eval("[3, 1, 2] | sum", &[]).unwrap(), "6");
    }

    #[test]
    fn bombs_are_refused_before_they_go_off() {
        let list = vec!["x".repeat(60_000); 3];
        for bomb in [
            "(list * 30000) | map('upper') | list | length",
            "(['x' * 60000] * 100000) | map('replace', 'x', 'y' * 60) | list | length",
            "([[1] * 100000] * 100000) | string | length",
            "([[1] * 100000] * 100000) | sum",
            "([[[1] * 1000] * 1000] * 1000) | sort | length",
            "(list * 100000) | unique | length",
            "list | select('in', list * 100000) | list | length",
        ] {
            let error = eval(bomb, &list).unwrap_err();
            assert!(error.contains("too long"), "{bomb}: {error}");
        }
    }
}
