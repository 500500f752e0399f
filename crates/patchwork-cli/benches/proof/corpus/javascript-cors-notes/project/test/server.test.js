import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { serve } from '../src/server.js';

let server, base;

before(async () => {
  server = serve();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());

const ask = (method, headers, body) => fetch(`${base}/note`, { method, headers, body });

test('notes are kept for each visitor', async () => {
  await ask('PUT', { Cookie: 'visitor=anna' }, 'milk');
  assert.deepEqual(await (await ask('GET', { Cookie: 'a=b; visitor=anna' })).json(), { note: 'milk' });
  assert.deepEqual(await (await ask('GET', { Cookie: 'visitor=bert' })).json(), { note: '' });
  assert.equal((await ask('GET', {})).status, 401);
});

test('the app reads answers with cookies', async () => {
  const answer = await ask('GET', { Origin: 'https://notes.example.com', Cookie: 'visitor=anna' });
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://notes.example.com');
  assert.equal(answer.headers.get('access-control-allow-credentials'), 'true');
  assert.equal(answer.headers.get('vary'), 'Origin');
});

test('a browser asks first', async () => {
  const answer = await ask('OPTIONS', { Origin: 'https://admin.example.com', 'Access-Control-Request-Method': 'PUT' });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://admin.example.com');
  assert.equal(answer.headers.get('access-control-allow-methods'), 'GET, PUT, DELETE');
});

test('without an origin there are no such headers', async () => {
  const answer = await ask('GET', { Cookie: 'visitor=anna' });
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});
