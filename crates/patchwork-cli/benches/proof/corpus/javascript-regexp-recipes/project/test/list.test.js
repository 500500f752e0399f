'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { list } = require('../src/list.js');
const { serve } = require('../src/server.js');

const RECIPES = ['Tomato soup', 'Onion soup', 'Apple pie', 'Soupe au pistou'].map((title, id) => ({ id, title }));
const ask = (query, recipes = RECIPES) => list(recipes, new URL(`/recipes?${query}`, 'http://recipes.example'));

test('the filter finds parts of titles in any spelling', () => {
  assert.deepEqual(ask('filter=SOUP').items.map((recipe) => recipe.id), [0, 1, 3]);
  assert.equal(ask('filter=noodles').total, 0);
});

test('what was found is marked, every time', () => {
  assert.equal(ask('filter=o').items[0].marked, 'T[o]mat[o] s[o]up');
  assert.equal(ask('filter=soup').items[2].marked, '[Soup]e au pistou');
});

test('without a filter all come', () => {
  assert.equal(ask('').total, 4);
  assert.equal(ask('filter=').items[2].marked, 'Apple pie');
});

test('pages', () => {
  const many = Array.from({ length: 25 }, (_, id) => ({ id, title: `Soup ${id}` }));
  assert.deepEqual(ask('filter=soup&page=3', many).items.map((recipe) => recipe.id), [20, 21, 22, 23, 24]);
});

test('served', async () => {
  const server = serve(RECIPES);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/recipes?filter=pie`);
  assert.equal((await answer.json()).total, 1);
  server.close();
});
