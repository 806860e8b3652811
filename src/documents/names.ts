import { randomBytes, randomUUID } from 'node:crypto';

const FOLDER_NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ERRORS_NAME = /^errors-[0-9a-f]{16}$/;

/** File or object beside the kept folders: which documents these are. */
export const ID_NAME = 'id';

export function newFolderName(): string {
  return randomUUID();
}

/** 64 random bits: no folder has so many parts that two of them could meet. */
export function newErrorsName(): string {
  return `errors-${randomBytes(8).toString('hex')}`;
}

export function isFolderName(name: string): boolean {
  return FOLDER_NAME.test(name);
}

export function isErrorsName(name: string): boolean {
  return ERRORS_NAME.test(name);
}

/** Throws for a name that no folder has: nothing else is ever joined to a path or a key. */
export function requireFolderName(name: string): string {
  if (!isFolderName(name)) throw new Error('the name of a documents folder must be a UUID');
  return name;
}

/** Throws for a name that no kept file has. */
export function requireFileName(name: string): string {
  if (name !== 'input' && name !== 'export' && !isErrorsName(name))
    throw new Error('the name of a kept file must be input, export or that of an error part');
  return name;
}
