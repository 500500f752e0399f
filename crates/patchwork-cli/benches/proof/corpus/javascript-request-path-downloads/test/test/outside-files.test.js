'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');

const { serve } = require('../src/server.js');

let top, root;

before(() => {
  top = fs.mkdtempSync(path.join(os.tmpdir(), 'downloads-'));
  root = path.join(top, 'files');
  for (const name of ['files/releases/a.txt', 'files/..b/c..txt', 'secret.txt', 'files-private/secret.txt', 'filesecret.txt']) {
    fs.mkdirSync(path.dirname(path.join(top, name)), { recursive: true });
    fs.writeFileSync(path.join(top, name), name.startsWith('files/') ? 'open' : 'secret');
  }
});
after(() => fs.rmSync(top, { recursive: true }));

async function ask(folder, paths) {
  const server = serve(folder);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const answers = [];
  try {
    for (const name of paths) {
      answers.push(await new Promise((done, fail) => {
        const request = http.request({ port: server.address().port, path: name, agent: false }, (answer) => {
          let body = '';
          answer.on('data', (part) => (body += part)).on('end', () => done({ name, status: answer.statusCode, body }));
        });
        request.on('error', fail).end();
      }));
    }
  } finally {
    server.close();
  }
  return answers;
}

test('nothing outside is answered', async () => {
  const attacks = ['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/releases/../../secret.txt',
    '/../files-private/secret.txt', '/%2e%2e%2ffiles-private%2fsecret.txt', '/....//secret.txt', '/..././secret.txt',
    '/../filesecret.txt', '/.%2e/secret.txt', `${top}/secret.txt`, `/${top}/secret.txt`, '/..\\secret.txt',
    '/..//..//secret.txt', '/releases/%2e%2e/%2e%2e/secret.txt', '/%2e%2e/%2e%2e/secret.txt', '../secret.txt', 'x/../../secret.txt'];
  for (const { name, status, body } of await ask(root, attacks)) {
    assert.ok([400, 403, 404].includes(status), `${name}: ${status}`);
    assert.ok(!body.includes('secret'), name);
  }
});

test('files inside stay', async () => {
  const paths = ['/releases/a.txt', '/releases/../releases/a.txt', '/./releases//a.txt', '/..b/c..txt', '/%2e%2eb/c..txt'];
  for (const { name, status, body } of await ask(root, paths)) assert.deepEqual([status, body], [200, 'open'], name);
});

test('the folder may be relative or end with a slash', async () => {
  for (const folder of [path.relative(process.cwd(), root), root + '/', path.join(root, '..', 'files')]) {
    const [answer] = await ask(folder, ['/releases/a.txt']);
    assert.equal(answer.status, 200, folder);
  }
});
