import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { SITES } from '../src/config.js';
import { serve } from '../src/server.js';

let server, base;

before(async () => {
  server = serve(new Map([['anna', 'milk']]));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const ask = (origin, method = 'GET') => fetch(`${base}/note`, { method, headers: { Origin: origin, Cookie: 'visitor=anna' } });

const STRANGERS = ['https://evil.example', 'null', 'https://notes.example.com.evil.example', 'https://evil-example.com',
  'https://evilnotes.example.com', 'https://evilexample.com', 'http://notes.example.com', 'https://notes.example.com:8443',
  'https://notes.example.com@evil.example', 'https://notesXexample.com', 'http://localhost:9999', 'https://localhost:5173',
  'https://other.example.com', 'https://evil.example/https://notes.example.com', 'http://localhost:51730', 'http://localhost:5173.evil.example'];

test('no other site may read answers', async () => {
  for (const origin of STRANGERS) {
    for (const method of ['GET', 'OPTIONS', 'DELETE']) {
      const answer = await ask(origin, method);
      const allowed = answer.headers.get('access-control-allow-origin');
      assert.ok(allowed !== origin && !/^\s*(\*|null)/.test(allowed ?? ''), `${method} ${origin}: ${allowed}`);
      assert.ok(allowed === null || SITES.includes(allowed), allowed);
    }
  }
});

test('every site of ours stays', async () => {
  for (const origin of SITES) {
    for (const method of ['GET', 'OPTIONS']) {
      const answer = await ask(origin, method);
      assert.equal(answer.headers.get('access-control-allow-origin'), origin);
      assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
      assert.match(answer.headers.get('vary'), /origin/i);
    }
  }
});
