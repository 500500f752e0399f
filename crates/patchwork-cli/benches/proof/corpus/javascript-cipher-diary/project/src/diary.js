'use strict';

const { Vault } = require('./vault.js');

/** A diary that is kept as JSON: days in the clear, texts locked. */
class Diary {
  constructor(password, json = '{"salt": "", "days": {}}') {
    const { salt, days } = JSON.parse(json);
    this.salt = salt || String(Date.now());
    this.days = new Map(Object.entries(days));
    this.vault = new Vault(password, this.salt);
  }

  write(day, text) {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new RangeError(`no day: ${day}`);
    this.days.set(day, this.vault.lock(text));
  }

  read(day) {
    return this.days.has(day) ? this.vault.unlock(this.days.get(day)) : null;
  }

  search(word) {
    return [...this.days.keys()].sort().filter((day) => this.read(day).includes(word));
  }

  toJSON() {
    return { salt: this.salt, days: Object.fromEntries(this.days) };
  }
}

module.exports = { Diary };
