'use strict';

const assert = require('node:assert/strict');
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
  const long = 'a'.repeat(40) + '!';
  const code = `
    const { list } = require(${JSON.stringify(require.resolve('../src/list.js'))});
    const { workerData, parentPort } = require('node:worker_threads');
    for (const filter of workerData.filters) {
      list([{ title: workerData.long }], new URL('/recipes?filter=' + encodeURIComponent(filter), 'http://recipes.example'));
    }
    parentPort.postMessage('done');`;
  const filters = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*a){30}b', '((a*)*)*b', '(?:a+)+\\d'];
  const worker = new Worker(code, { eval: true, workerData: { filters, long } });
  const outcome = await new Promise((settle) => {
    const limit = setTimeout(() => settle('busy'), 4000);
    const end = (result) => (clearTimeout(limit), settle(result));
    worker.on('message', end).on('error', (error) => end(String(error)));
  });
  await worker.terminate();
  assert.equal(outcome, 'done');
});

test('marks stay', () => {
  assert.equal(ask('soup').items[0].marked, 'What? [Soup].');
  assert.equal(ask('').total, TITLES.length);
});
