'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterEach, beforeEach, test } = require('node:test');

const { search } = require('../lib/search.js');

let folder, owned, home;

beforeEach(() => {
  home = process.cwd();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'logsearch-'));
  process.chdir(folder);
  owned = path.join(folder, 'owned');
});
afterEach(() => {
  process.chdir(home);
  fs.rmSync(folder, { recursive: true });
});

function attempt(file, word) {
  try {
    return search(file, word);
  } catch {
    return null;
  } finally {
    assert.equal(fs.existsSync(owned), false, `${file}: ${word}`);
  }
}

const ATTACKS = ['"; touch owned; "', '$(touch owned)', '`touch owned`', 'x" | touch "owned', "'; touch owned; '",
  'x\ntouch owned\n', '" "x" && touch owned && echo "', '\\"; touch owned; \\"', '\\`touch owned\\`', '" & touch owned & "',
  "'$(touch owned)'", '"\ntouch owned\n"'];

test('no word runs a command', () => {
  fs.writeFileSync('app.log', 'line\n');
  for (const word of ATTACKS) attempt('app.log', word);
});

test('no name of a file runs a command', () => {
  for (const name of ATTACKS) {
    fs.writeFileSync(name.replaceAll('/', '_'), 'a line\n');
    assert.deepEqual(attempt(name.replaceAll('/', '_'), 'line'), [{ number: 1, text: 'a line' }], name);
  }
});

test('words are not taken for options', () => {
  fs.writeFileSync('app.log', 'took -v seconds\nother\n--file=x\n');
  assert.deepEqual(attempt('app.log', '-v'), [{ number: 1, text: 'took -v seconds' }]);
  assert.deepEqual(attempt('app.log', '--file=x'), [{ number: 3, text: '--file=x' }]);
  fs.writeFileSync('-v', 'a line\n');
  assert.deepEqual(attempt('-v', 'line'), [{ number: 1, text: 'a line' }]);
});

test('signs of the shell are plain text', () => {
  const lines = ['cost $5; paid', 'say "hi"', "it's `here`", 'a & b | c > d', 'C:\\temp'];
  fs.writeFileSync('app.log', lines.join('\n') + '\n');
  const words = ['; paid', '"hi"', "it's `", '& b | c >', 'C:\\\\temp'];
  words.forEach((word, at) => assert.deepEqual(attempt('app.log', word), [{ number: at + 1, text: lines[at] }], word));
});
