'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');

const { list } = require('../src/list.js');

const TITLES = ['Pie (apple)', 'Pie [pear]', '50% rye + wheat', 'What? Soup.', 'a|b', '^top$', 'C:\\cakes', 'x*y', 'Soup', '{2} eggs', 'a-b', 'a/b'];
const RECIPES = TITLES.map((title, id) => ({ id, title }));
const ask = (filter) => list(RECIPES, new URL(`/recipes?filter=${encodeURIComponent(filter)}`, 'http://recipes.example'));

test('every sign of a filter is plain text', () => {
  for (const filter of ['(apple)', '[pear]', '+ wheat', 'What?', '.', 'a|b', '^top$', ':\\c', '*', '{2}', '$', '?', '(', '[', '\\', '|', '-', '/']) {
    const ids = RECIPES.filter((recipe) => recipe.title.toLowerCase().includes(filter.toLowerCase())).map((recipe) => recipe.id);
    assert.deepEqual(ask(filter).items.map((recipe) => recipe.id), ids, filter);
    assert.ok(ask(filter).items.every((recipe) => recipe.marked.toLowerCase().includes(`[${filter.toLowerCase()}]`)), filter);
  }
  for (const filter of ['s.up', '(a|p)', '.*', 'so+up', '[a-z]', '\\w', 'soup|pie', '^soup']) assert.equal(ask(filter).total, 0, filter);
});

test('no filter keeps the server busy', async () => {
  const filters = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*a){30}b', '((a*)*)*b', '(?:a+)+\\d'];
  const code = `
    const { list } = require(${JSON.stringify(require.resolve('../src/list.js'))});
    const { parentPort } = require('node:worker_threads');
    const title = 'a'.repeat(40) + '!';
    parentPort.on('message', (filter) => {
      const url = new URL('/recipes?filter=' + encodeURIComponent(filter), 'http://recipes.example');
      parentPort.postMessage(list([{ title }], url).total);
    });`;
  const worker = new Worker(code, { eval: true });
  const answer = (filter) =>
    new Promise((settle) => {
      const limit = setTimeout(() => settle('busy'), 3000);
      worker.once('message', (total) => (clearTimeout(limit), settle(total)));
      worker.once('error', (error) => (clearTimeout(limit), settle(String(error))));
      worker.postMessage(filter);
    });
  try {
    await once(worker, 'online');
    assert.equal(await answer('a!'), 1);
    for (const filter of filters) assert.equal(await answer(filter), 0, filter);
  } finally {
    await worker.terminate();
  }
});

test('marks stay', () => {
  assert.equal(ask('soup').items[0].marked, 'What? [Soup].');
  assert.equal(ask('').total, TITLES.length);
});
