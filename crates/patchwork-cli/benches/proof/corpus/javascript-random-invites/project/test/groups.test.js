import assert from 'node:assert/strict';
import test from 'node:test';

import { Groups } from '../src/groups.js';
import { makeToken, tidyToken } from '../src/token.js';

test('tokens are easy to type and differ', () => {
  const tokens = new Set(Array.from({ length: 300 }, makeToken));
  assert.equal(tokens.size, 300);
  for (const token of tokens) {
    assert.match(token, /^[a-km-np-z2-9]{5}(-[a-km-np-z2-9]{5}){3}$/);
    assert.equal(tidyToken(` ${token.toUpperCase().replaceAll('-', ' ')} `), token);
  }
  assert.equal(tidyToken('short'), null);
  assert.equal(tidyToken('l1o0-'.repeat(5)), null);
});

test('an invitation is good once', () => {
  const groups = new Groups();
  groups.create('chess', 'anna');
  const token = groups.invite('chess', 'anna');
  assert.equal(groups.join(token.toUpperCase(), 'bert'), 'chess');
  assert.equal(groups.join(token, 'carl'), null);
  assert.deepEqual(groups.members('chess'), ['anna', 'bert']);
  assert.throws(() => groups.invite('chess', 'carl'), /not in chess/);
});

test('an invitation ends after a week', () => {
  let now = 0;
  const groups = new Groups(() => now);
  groups.create('chess', 'anna');
  const token = groups.invite('chess', 'anna');
  now += 8 * 24 * 60 * 60 * 1000;
  assert.equal(groups.join(token, 'bert'), null);
});
