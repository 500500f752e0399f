//! `${VAR}` in the values of configuration files.

use serde_json::Value;

use super::trust::Fault;

/// Looks a variable up; the error says why it can't be used.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Result<String, Fault>;

/// Replaces `${VAR}` in every string of a value by the variable; `$${` stands for a literal `${`. What a variable holds is
/// not expanded again. The error says what is wrong with the first that is.
pub(super) fn expand(value: &Value, lookup: Lookup<'_>) -> Result<Value, Fault> {
    Ok(match value {
        Value::String(text) => Value::String(expand_text(text, lookup)?),
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| expand(item, lookup)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, item)| Ok((key.clone(), expand(item, lookup)?)))
                .collect::<Result<_, Fault>>()?,
        ),
        other => other.clone(),
    })
}

/// [`expand`] for a value that is no input of a patchflow, from a file of the user's own.
pub fn filled(value: &Value, variable: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
    let lookup = |name: &str| variable(name).ok_or_else(|| super::trust::not_set(name));
    expand(value, &lookup).map_err(|fault| match fault {
        Fault::Wrong(problem) | Fault::Refused(problem) => problem,
    })
}

fn expand_text(text: &str, lookup: Lookup<'_>) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            let problem = "holds `${` without a `}`; a literal `${` is written `$${`";
            return Err(Fault::Wrong(problem.to_owned()));
        };
        let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !valid {
            return Err(Fault::Wrong(
                "holds `${…}` with something else than a variable's name in it; a literal `${` is written `$${`"
                    .to_owned(),
            ));
        }
        out.push_str(&lookup(name)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(value: Value) -> Result<Value, String> {
        let expanded = expand(&value, &|name| match name {
            "HOME" => Ok("/home/me".to_owned()),
            "NESTED" => Ok("${HOME}".to_owned()),
            "EMPTY" => Ok(String::new()),
            _ => Err(Fault::Wrong(format!("{name} is not set"))),
        });
        expanded.map_err(|fault| format!("{fault:?}"))
    }

    #[test]
    fn variables_are_replaced_once_everywhere() {
        let value = json!({"a": ["${HOME}/x", "$${HOME} ${HOME}", 1], "b": "${NESTED}", "c": "$ä${EMPTY}$$"});
        let expected = json!({"a": ["/home/me/x", "${HOME} /home/me", 1], "b": "${HOME}", "c": "$ä$$"});
        assert_eq!(run(value), Ok(expected));
    }

    #[test]
    fn what_can_not_be_replaced_is_said() {
        assert!(run(json!("a ${NOPE}")).unwrap_err().contains("NOPE"));
        for text in ["${", "x ${HOME", "${}", "${a b}", "${{ inputs.x }}"] {
            assert!(run(json!(text)).unwrap_err().contains("$${"), "{text}");
        }
    }
}
