'use strict';

const crypto = require('node:crypto');

class VaultError extends Error {}

/** Locks texts with a password. A locked text is base64. */
class Vault {
  constructor(password, salt) {
    this.key = crypto.scryptSync(password, salt, 32, { N: 1024 });
  }

  lock(text) {
    const iv = crypto.randomBytes(12);
    const cipher = crypto.createCipheriv('aes-256-gcm', this.key, iv);
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), data]).toString('base64');
  }

  unlock(locked) {
    const data = Buffer.from(locked, 'base64');
    try {
      const decipher = crypto.createDecipheriv('aes-256-gcm', this.key, data.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(data.subarray(12, 28));
      return Buffer.concat([decipher.update(data.subarray(28)), decipher.final()]).toString('utf8');
    } catch (error) {
      throw new VaultError('wrong password, or the text is damaged', { cause: error });
    }
  }
}

module.exports = { Vault, VaultError };
