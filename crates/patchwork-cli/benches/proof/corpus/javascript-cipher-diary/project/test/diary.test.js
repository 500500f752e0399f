'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { Diary } = require('../src/diary.js');
const { Vault, VaultError } = require('../src/vault.js');

test('what was written is read, also after it was kept', () => {
  const diary = new Diary('secret');
  diary.write('2024-05-01', 'Met Zoë. ☀');
  diary.write('2024-05-02', '');
  const again = new Diary('secret', JSON.stringify(diary));
  assert.equal(again.read('2024-05-01'), 'Met Zoë. ☀');
  assert.equal(again.read('2024-05-02'), '');
  assert.equal(again.read('2024-05-03'), null);
  assert.deepEqual(again.search('Zoë'), ['2024-05-01']);
});

test('what is kept does not hold the text', () => {
  const diary = new Diary('secret');
  diary.write('2024-05-01', 'private thoughts');
  assert.doesNotMatch(JSON.stringify(diary), /private|thoughts/);
  assert.match(diary.days.get('2024-05-01'), /^[A-Za-z0-9+/]+=*$/);
});

test('another password', () => {
  const diary = new Diary('secret');
  diary.write('2024-05-01', 'private');
  assert.throws(() => new Diary('guess', JSON.stringify(diary)).read('2024-05-01'), VaultError);
});

test('damage', () => {
  for (const locked of ['', 'AAAA', 'no base64!']) assert.throws(() => new Vault('a', 'b').unlock(locked), VaultError);
  assert.throws(() => new Diary('a').write('today', ''), RangeError);
});
