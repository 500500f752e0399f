import assert from 'node:assert/strict';
import test from 'node:test';

import { page } from '../src/pages.js';
import { serve } from '../src/server.js';

const get = (path) => page(new URL(path, 'http://library.example'));

test('books that were found', () => {
  const { status, body } = get('/search?q=peace+leo');
  assert.equal(status, 200);
  assert.match(body, /<ul><li><b>War &amp; Peace<\/b> Leo Tolstoy \(1869\)<\/li><\/ul>/);
  const both = get('/search?q=e').body;
  assert.ok(both.indexOf('Emma') < both.indexOf('Frankenstein'));
});

test('the text stays in the field', () => {
  assert.match(get('/search?q=jane+austen').body, /value=.jane austen./);
  assert.match(get('/search').body, /value=.{2}>/);
});

test('nothing found', () => {
  assert.match(get('/search?q=dune').body, /<p>Nothing found\.<\/p>/);
  assert.equal(get('/other').status, 404);
});

test('served', async () => {
  const server = serve();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/search?q=emma`);
  assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(await answer.text(), /Jane Austen/);
  server.close();
});
