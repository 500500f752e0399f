import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Groups } from '../src/groups.js';
import { makeToken, tidyToken } from '../src/token.js';

test('Math.random foretells no token', () => {
  for (const value of [0, 0.5, 0.999]) {
    const random = mock.method(Math, 'random', () => value);
    const tokens = new Set(Array.from({ length: 20 }, makeToken));
    const calls = random.mock.callCount();
    random.mock.restore();
    assert.equal(tokens.size, 20);
    assert.equal(calls, 0);
  }
});

test('the clock foretells no token', () => {
  const methods = [
    mock.method(Date, 'now', () => 1_700_000_000_000), mock.method(performance, 'now', () => 1),
    mock.method(process, 'hrtime', () => [1, 1]), mock.method(Math, 'random', () => 0.5),
  ];
  const tokens = new Set(Array.from({ length: 20 }, makeToken));
  for (const method of methods) method.mock.restore();
  assert.equal(tokens.size, 20);
});

test('every letter comes at every place about equally often', () => {
  const places = Array.from({ length: 20 }, () => new Map());
  const rounds = 6400;
  for (let round = 0; round < rounds; round++) {
    const token = makeToken();
    assert.equal(tidyToken(token), token);
    [...token.replaceAll('-', '')].forEach((letter, at) => places[at].set(letter, (places[at].get(letter) ?? 0) + 1));
  }
  for (const [at, counts] of places.entries()) {
    assert.equal(counts.size, 32, `place ${at}`);
    for (const [letter, count] of counts) assert.ok(count > 90 && count < 330, `${letter} at ${at}: ${count}`);
  }
});

test('invitations stay', () => {
  const groups = new Groups();
  groups.create('chess', 'anna');
  assert.equal(groups.join(groups.invite('chess', 'anna'), 'bert'), 'chess');
});
