'use strict';

const http = require('node:http');
const { list } = require('./list.js');

/** A server for recipes: answers lists as JSON. */
function serve(recipes) {
  return http.createServer((req, res) => {
    const url = new URL(req.url, 'http://recipes.example');
    if (url.pathname !== '/recipes') {
      res.writeHead(404).end();
      return;
    }
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify(list(recipes, url)));
  });
}

module.exports = { serve };
