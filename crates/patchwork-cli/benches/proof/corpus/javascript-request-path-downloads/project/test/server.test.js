'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { serve } = require('../src/server.js');
const { typeOf } = require('../src/types.js');

let root, server, base;

before(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'downloads-'));
  fs.mkdirSync(path.join(root, 'releases'));
  fs.writeFileSync(path.join(root, 'releases', 'tool 1.0.txt'), 'the tool');
  fs.writeFileSync(path.join(root, 'list.json'), '[]');
  server = serve(root);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  fs.rmSync(root, { recursive: true });
});

test('files and folders', async () => {
  const answer = await fetch(`${base}/releases/tool%201.0.txt?from=mail`);
  assert.equal(await answer.text(), 'the tool');
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(answer.headers.get('content-disposition'), "attachment; filename*=UTF-8''tool%201.0.txt");
  assert.equal((await fetch(`${base}/list.json`)).headers.get('content-length'), '2');
});

test('what is not there', async () => {
  for (const [name, status] of [['/gone.txt', 404], ['/releases', 404], ['/%E0%A4%A', 400]]) {
    assert.equal((await fetch(base + name)).status, status, name);
  }
  assert.equal((await fetch(`${base}/list.json`, { method: 'POST' })).status, 405);
});

test('types', () => {
  assert.equal(typeOf('A.ZIP'), 'application/zip');
  assert.equal(typeOf('.txt'), 'application/octet-stream');
});
