import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { merge } from '../src/merge.js';
import { Settings } from '../src/settings.js';

afterEach(() => {
  for (const name of ['admin', 'owned']) {
    delete Object.prototype[name];
    delete Function.prototype[name];
    delete Array.prototype[name];
    delete Object[name];
  }
});

const ATTACKS = [
  '{"__proto__": {"admin": true}}',
  '{"constructor": {"prototype": {"admin": true}}}',
  '{"theme": {"__proto__": {"admin": true}}}',
  '{"theme": {"constructor": {"prototype": {"admin": true}}}}',
  '{"new": {"deeper": {"__proto__": {"admin": true}}}}',
  '{"__proto__": {"__proto__": {"admin": true}}}',
  '{"toString": {"__proto__": {"admin": true}}}',
  '{"hasOwnProperty": {"constructor": {"prototype": {"admin": true}}}}',
  '{"panels": {"order": {"__proto__": {"admin": true}}}}',
  '{"panels": {"order": {"constructor": {"prototype": {"admin": true}}}}}',
];

test('no change reaches what all objects share', () => {
  for (const json of ATTACKS) {
    try {
      const after = new Settings().change('bert', json);
      for (const value of [after, after.theme, after.panels, after.new?.deeper ?? {}]) {
        assert.equal(Object.getPrototypeOf(value), Object.prototype, json);
        assert.equal(value.admin, undefined, json);
      }
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
    }
    for (const value of [{}, [], () => {}]) assert.equal(value.admin, undefined, json);
    assert.equal(Object.admin, undefined, json);
    assert.equal(new Settings().isAdmin('bert'), false, json);
  }
});

test('what was merged has no foreign prototype', () => {
  for (const json of ATTACKS) {
    const merged = merge({}, JSON.parse(json));
    assert.equal(merged.admin, undefined, json);
    assert.equal(Object.getPrototypeOf(merged), Object.prototype, json);
  }
});

test('nothing that all objects share is taken away', () => {
  for (const json of ['{"__proto__": {"toString": null}}', '{"constructor": {"keys": null}}']) {
    const [toString, keys] = [Object.prototype.toString, Object.keys];
    try {
      new Settings().change('bert', json);
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
    }
    const left = [Object.prototype.toString, Object.keys];
    Object.defineProperty(Object.prototype, 'toString', { value: toString, configurable: true, writable: true });
    Object.defineProperty(Object, 'keys', { value: keys, configurable: true, writable: true });
    assert.deepEqual(left, [toString, keys], json);
  }
});

test('other keys stay, whatever they are called', () => {
  const change = JSON.parse('{"proto": {"a": 1}, "prototypes": {"b": 2}, "_proto_": {"c": 3}, "construct": {"d": null, "e": [1]}}');
  assert.deepEqual(merge({}, change), { proto: { a: 1 }, prototypes: { b: 2 }, _proto_: { c: 3 }, construct: { e: [1] } });
  assert.deepEqual(merge({ a: { b: 1 } }, { a: { c: { d: 2 } } }), { a: { b: 1, c: { d: 2 } } });
});
