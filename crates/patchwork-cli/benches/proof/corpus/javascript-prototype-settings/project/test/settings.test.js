import assert from 'node:assert/strict';
import test from 'node:test';

import { merge } from '../src/merge.js';
import { Settings } from '../src/settings.js';

test('a change keeps what it does not speak of', () => {
  const settings = new Settings();
  const after = settings.change('bert', '{"theme": {"name": "dark"}, "panels": {"disk": {"unit": "GB"}}}');
  assert.deepEqual(after.theme, { name: 'dark', contrast: 1 });
  assert.deepEqual(after.panels, { order: ['cpu', 'disk'], disk: { unit: 'GB' } });
  assert.equal(settings.of('anna').theme.name, 'light');
});

test('changes add up, lists are replaced', () => {
  const settings = new Settings();
  settings.change('bert', '{"panels": {"order": ["net"], "net": {"unit": "MB", "links": {"eth0": true}}}}');
  const after = settings.change('bert', '{"language": "de", "panels": {"net": {"links": {"eth1": true}}}}');
  assert.deepEqual(after.panels.order, ['net']);
  assert.deepEqual(after.panels.net, { unit: 'MB', links: { eth0: true, eth1: true } });
  assert.equal(after.language, 'de');
});

test('null takes away', () => {
  assert.deepEqual(merge({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: null } }), { b: { d: 3 } });
});

test('what is no object is refused', () => {
  for (const json of ['[]', 'null', '3']) assert.throws(() => new Settings().change('bert', json), TypeError);
});
