'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { Vault, VaultError } = require('../src/vault.js');

const blocks = (locked) => {
  const data = Buffer.from(locked, 'base64');
  return Array.from({ length: Math.floor(data.length / 16) }, (_, at) => data.subarray(at * 16, at * 16 + 16).toString('hex'));
};

test('equal parts of a text do not show', () => {
  const found = blocks(new Vault('secret', 'salt').lock('a'.repeat(16 * 64)));
  assert.equal(new Set(found).size, found.length);
});

test('equal texts do not show, nor do equal beginnings', () => {
  const vault = new Vault('secret', 'salt');
  const locked = new Set(Array.from({ length: 5 }, () => vault.lock('the same text every day')));
  assert.equal(locked.size, 5);
  for (const size of [4, 12, 16]) {
    const starts = Array.from({ length: 3 }, () => Buffer.from(vault.lock('x'.repeat(64)), 'base64').subarray(0, size).toString('hex'));
    const ends = Array.from({ length: 3 }, () => Buffer.from(vault.lock('x'.repeat(64)), 'base64').subarray(-size).toString('hex'));
    assert.ok(new Set(starts).size === 3 || new Set(ends).size === 3);
  }
  const texts = ['x'.repeat(64) + 'one', 'x'.repeat(64) + 'two'].map((text) => new Set(blocks(vault.lock(text))));
  assert.equal([...texts[0]].filter((block) => texts[1].has(block)).length, 0);
});

test('a text that was changed is refused', () => {
  const vault = new Vault('secret', 'salt');
  const data = Buffer.from(vault.lock('pay 100 to anna and nothing to bert, for the rent of may'), 'base64');
  for (let at = 0; at < data.length; at++) {
    const changed = Buffer.from(data);
    changed[at] ^= 1;
    assert.throws(() => vault.unlock(changed.toString('base64')), VaultError, `byte ${at}`);
  }
  const swapped = Buffer.concat([data.subarray(16, 32), data.subarray(0, 16), data.subarray(32)]);
  for (const other of [swapped, data.subarray(16), data.subarray(0, -16), data.subarray(0, 20), Buffer.alloc(0)]) {
    assert.throws(() => vault.unlock(other.toString('base64')), VaultError);
  }
});

test('texts stay', () => {
  for (const text of ['', 'a', 'ä☀'.repeat(500), 'x'.repeat(16), '\0\0']) {
    assert.equal(new Vault('secret', 'salt').unlock(new Vault('secret', 'salt').lock(text)), text);
  }
  assert.throws(() => new Vault('other', 'salt').unlock(new Vault('secret', 'salt').lock('a')), VaultError);
});
