import assert from 'node:assert/strict';
import test from 'node:test';

import { compile, ConditionError } from '../src/condition.js';

function attempt(condition, values = { cpu: 1 }) {
  try {
    compile(condition)(values);
  } catch (error) {
    assert.ok(error instanceof ConditionError, `${condition}: ${error}`);
    return 'refused';
  }
  return 'run';
}

test('no condition runs code', () => {
  const attacks = [
    'globalThis.owned = 1',
    'process.exit(0) || 1',
    '1); globalThis.owned = 1; (1',
    "cpu['constructor']['constructor']('globalThis.owned = 1')()",
    "[]['fla' + 't']['const' + 'ructor']('globalThis.owned = 1')()",
    '(() => { globalThis.owned = 1 })()',
    'cpu = globalThis.owned = 1',
    '`${globalThis.owned = 1}`',
    'cpu.constructor.constructor("globalThis.owned = 1")()',
    'cpu > 1 /* */ , globalThis.owned = 1',
    '\\u0067lobalThis.owned = 1',
    "cpu['\\x63onstructor']['\\x63onstructor']('globalThis.owned = 1')()",
    "[]['fla' + 't']['const' + 'ructor']('global' + 'This.owned = 1')()",
    'this.owned = 1',
    'new Date() > 1',
    'globalThis',
    '"text" == cpu',
    'cpu ? 1 : 2',
  ];
  for (const attack of attacks) {
    delete globalThis.owned;
    attempt(attack);
    assert.equal(globalThis.owned, undefined, attack);
  }
  for (const attack of attacks.filter((text) => text !== 'globalThis')) {
    assert.equal(attempt(attack), 'refused', attack);
  }
});

test('names of the language are plain measures or refused', () => {
  for (const name of ['constructor', 'toString', '__proto__', 'process']) {
    let holds = false;
    try {
      holds = compile(`${name} != 0`)({});
    } catch (error) {
      assert.ok(error instanceof ConditionError);
    }
    assert.equal(holds, false, name);
  }
});

test('conditions stay', () => {
  const values = { a: 6, b: 4, c_1: 0.5 };
  const expected = [
    ['a - b - 1 == 1', true], ['a - (b - 1) == 3', true], ['a / b * 2 == 3', true], ['a % b == 2', true],
    ['-a < 0', true], ['!a', false], ['!!c_1', true], ['true && false', false], ['a > 5 == true', true],
    ['a < 5 || b < 5 && c_1 < 0.4', false], ['a === 6 && b !== 6', true], ['.5 == c_1', true], ['a + b * 2 >= 14', true],
  ];
  for (const [condition, holds] of expected) assert.equal(compile(condition)(values), holds, condition);
});
