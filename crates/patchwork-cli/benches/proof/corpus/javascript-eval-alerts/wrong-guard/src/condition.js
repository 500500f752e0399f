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
  if (/;|=>|\b(process|require|import|globalThis|constructor|eval|Function)\b/.test(condition)) {
    throw new ConditionError(`not allowed: ${condition}`);
  }
  const names = measures(condition);
  let test;
  try {
    test = Reflect.construct(Function, [...names, `return Boolean(${condition});`]);
  } catch (error) {
    throw new ConditionError(`not a condition: ${condition}`, { cause: error });
  }
  return (values) => test(...names.map((name) => values[name] ?? 0));
}
