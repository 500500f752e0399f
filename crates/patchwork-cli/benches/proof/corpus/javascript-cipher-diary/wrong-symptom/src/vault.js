'use strict';

const crypto = require('node:crypto');

class VaultError extends Error {}

/** Locks texts with a password. A locked text is base64. */
class Vault {
  constructor(password, salt) {
    this.key = crypto.scryptSync(password, salt, 32, { N: 1024 });
  }

  lock(text) {
    const cipher = crypto.createCipheriv('AES-256-ECB', this.key, '');
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return data.toString('base64');
  }

  unlock(locked) {
    const data = Buffer.from(locked, 'base64');
    try {
      const decipher = crypto.createDecipheriv('aes-256-ecb', this.key, null);
      return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new VaultError('wrong password, or the text is damaged', { cause: error });
    }
  }
}

module.exports = { Vault, VaultError };
