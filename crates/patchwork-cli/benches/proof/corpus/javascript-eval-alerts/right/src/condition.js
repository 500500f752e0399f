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
  const tokens = condition.match(TOKEN) ?? [];
  if (tokens.join('') !== condition.replace(/\s+/g, '')) throw new ConditionError(`not a condition: ${condition}`);
  const test = binary(tokens, 0);
  if (tokens.length > 0) throw new ConditionError(`not a condition: ${condition}`);
  return (values) => Boolean(test(values));
}

const TOKEN = /(?:\d+\.?\d*|\.\d+)|[a-z][a-z_0-9]*|[=!]==?|[<>]=?|&&|\|\||[-+*/%!()]/g;

const LEVELS = [
  { '||': (a, b) => a || b },
  { '&&': (a, b) => a && b },
  { '==': (a, b) => a == b, '!=': (a, b) => a != b, '===': (a, b) => a === b, '!==': (a, b) => a !== b },
  { '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b, '%': (a, b) => a % b },
];

function binary(tokens, level) {
  if (level === LEVELS.length) return unary(tokens);
  let left = binary(tokens, level + 1);
  while (Object.hasOwn(LEVELS[level], tokens[0])) {
    const operator = LEVELS[level][tokens.shift()];
    const [first, second] = [left, binary(tokens, level + 1)];
    left = (values) => operator(first(values), second(values));
  }
  return left;
}

function unary(tokens) {
  const token = tokens.shift();
  if (token === '!' || token === '-') {
    const operand = unary(tokens);
    return token === '!' ? (values) => !operand(values) : (values) => -operand(values);
  }
  if (token === '(') {
    const inner = binary(tokens, 0);
    if (tokens.shift() !== ')') throw new ConditionError('a bracket is not closed');
    return inner;
  }
  if (token === 'true' || token === 'false') return () => token === 'true';
  if (/^[a-z]/.test(token ?? '')) return (values) => (Object.hasOwn(values, token) ? values[token] : 0) ?? 0;
  if (/^[\d.]/.test(token ?? '')) return () => Number(token);
  throw new ConditionError(`not expected: ${token ?? 'the end'}`);
}
