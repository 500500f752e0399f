import assert from 'node:assert/strict';
import test from 'node:test';

import { Alerts } from '../src/alerts.js';
import { compile, ConditionError } from '../src/condition.js';

test('conditions compare and combine', () => {
  const hot = compile('cpu > 80 && (disk >= 90 || errors != 0)');
  assert.equal(hot({ cpu: 81, disk: 90, errors: 0 }), true);
  assert.equal(hot({ cpu: 81, disk: 10, errors: 2 }), true);
  assert.equal(hot({ cpu: 81, disk: 10, errors: 0 }), false);
  assert.equal(hot({ cpu: 80, disk: 99, errors: 9 }), false);
});

test('conditions compute', () => {
  assert.equal(compile('used / total * 100 > 90')({ used: 95, total: 100 }), true);
  assert.equal(compile('in_use + 2 <= limit - 1')({ in_use: 1, limit: 4 }), true);
  assert.equal(compile('!(load < 1.5)')({ load: 1.4 }), false);
  assert.equal(compile('missing == 0')({}), true);
});

test('what is no condition is refused when it is added', () => {
  for (const text of ['cpu >', '(cpu', 'cpu > > 1']) assert.throws(() => compile(text), ConditionError);
});

test('alerts begin once', () => {
  const alerts = new Alerts();
  alerts.add('hot', 'cpu > 80');
  alerts.add('full', 'disk > 90 || cpu == 100');
  assert.deepEqual(alerts.wanted(), ['cpu', 'disk']);
  assert.deepEqual(alerts.update({ cpu: 90 }), ['hot']);
  assert.deepEqual(alerts.update({ cpu: 100 }), ['full']);
  assert.deepEqual(alerts.update({ cpu: 1 }), []);
  assert.equal(alerts.remove('full'), true);
  assert.deepEqual(alerts.update({ cpu: 100 }), ['hot']);
});
