'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { report } = require('../lib/report.js');
const { search } = require('../lib/search.js');

let folder, file;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'logsearch-'));
  file = path.join(folder, 'app.log');
  const lines = ['start', 'Error: disk full', 'retry 1', 'error: timeout after 5s', 'done'];
  fs.writeFileSync(file, lines.join('\n') + '\n');
});
after(() => fs.rmSync(folder, { recursive: true }));

test('lines that hold the word, newest first', () => {
  assert.deepEqual(search(file, 'error'), [
    { number: 4, text: 'error: timeout after 5s' },
    { number: 2, text: 'Error: disk full' },
  ]);
  assert.equal(search(file, 'error', { limit: 1 }).length, 1);
});

test('patterns of grep are understood', () => {
  assert.deepEqual(search(file, '^re.*[0-9]$').map((line) => line.number), [3]);
});

test('nothing found, nothing asked', () => {
  assert.deepEqual(search(file, 'missing'), []);
  assert.deepEqual(search(file, ''), []);
});

test('a file that is not there', () => {
  assert.throws(() => search(path.join(folder, 'gone.log'), 'a'), /cannot search/);
});

test('the report', () => {
  assert.equal(report([file], 'disk'), 'app.log (1)\n  2 Error: disk full');
  assert.equal(report([file], 'missing'), 'nothing found');
});
