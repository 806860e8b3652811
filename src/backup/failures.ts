/** A backup that cannot be used: the message says which file is not what it should be. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}
