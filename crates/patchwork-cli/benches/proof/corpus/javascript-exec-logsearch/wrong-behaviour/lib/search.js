'use strict';

const fs = require('node:fs');

/** Lines of a log file that hold a word, newest first. */
function search(file, word, { limit = 100 } = {}) {
  if (!word) return [];
  let output;
  try {
    output = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`cannot search ${file}`, { cause: error });
  }
  const lines = output.split('\n').map((text, at) => ({ number: at + 1, text }));
  return lines.filter((line) => line.text.includes(word)).reverse().slice(0, limit);
}

module.exports = { search };
