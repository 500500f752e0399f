// Conditions of alerts: `cpu > 80 && (disk >= 90 || errors != 0)`.

export class ConditionError extends Error {}

const NAME = /[a-z][a-z_0-9]*/g;
const WORDS = new Set(['true', 'false']);

/** The measures that a condition speaks of. */
export function measures(condition) {
  return [...new Set(condition.match(NAME) ?? [])].filter((name) => !WORDS.has(name));
}

/** A function that tells whether a condition holds, given the values of its measures. */
export function compile(condition) {
  const match = /^\s*([a-z][a-z_0-9]*)\s*([<>]=?|[!=]=)\s*(\d+(?:\.\d+)?)\s*$/.exec(condition);
  if (!match) throw new ConditionError(`not a condition: ${condition}`);
  const [, name, sign, limit] = match;
  return (values) => compare(values[name] ?? 0, sign, Number(limit));
}

function compare(value, sign, limit) {
  switch (sign) {
    case '<': return value < limit;
    case '<=': return value <= limit;
    case '>': return value > limit;
    case '>=': return value >= limit;
    case '==': return value === limit;
    default: return value !== limit;
  }
}
