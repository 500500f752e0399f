'use strict';

const crypto = require('node:crypto');

class VaultError extends Error {}

/** Locks texts with a password. A locked text is base64. */
class Vault {
  constructor(password, salt) {
    this.key = crypto.scryptSync(password, salt, 32, { N: 1024 });
  }

  lock(text) {
    const iv = crypto.randomBytes(16);
    const cipher = crypto.createCipheriv('aes-256-ctr', this.key, iv);
    const data = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]);
    return data.toString('base64');
  }

  unlock(locked) {
    const data = Buffer.from(locked, 'base64');
    try {
      const decipher = crypto.createDecipheriv('aes-256-ctr', this.key, data.subarray(0, 16));
      return Buffer.concat([decipher.update(data.subarray(16)), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new VaultError('wrong password, or the text is damaged', { cause: error });
    }
  }
}

module.exports = { Vault, VaultError };
