/**
 * Globs of file names: `*` and `?` within a part of a path, `**` for any parts, `[a-z]`, `{a,b}`.
 * They come from tenants, and are matched in time linear in the name for each `*`: as a regular
 * expression, which libraries make of them, `*a*a*a*a*b` takes for ever.
 */
export type Glob = (name: string) => boolean;

/** What a glob comes to at most when its braces are written out. */
const MAX_ALTERNATIVES = 64;

type Token =
  | { readonly type: 'ANY' }
  | { readonly type: 'ONE' }
  | { readonly type: 'CHARACTER'; readonly character: string }
  | {
      readonly type: 'SET';
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };
/** `'**'`: any number of parts of a path. */
type Part = readonly Token[] | '**';

/** @throws Error that says what is wrong with the glob */
export function compileGlob(glob: string): Glob {
  const alternatives = expand(glob).map((one) => one.split('/').map(readPart));
  return (name) => {
    const parts = name.split('/').map((part) => [...part]);
    return alternatives.some((one) => matchesParts(one, parts));
  };
}

function expand(glob: string): string[] {
  let done = [''];
  for (let at = 0; at < glob.length; ) {
    const open = glob.indexOf('{', at);
    const plain = open === -1 ? glob.slice(at) : glob.slice(at, open);
    if (plain.includes('}')) throw new Error('a } without its {');
    done = done.map((one) => one + plain);
    if (open === -1) break;
    const close = glob.indexOf('}', open);
    if (close === -1) throw new Error('a { without its }');
    const inside = glob.slice(open + 1, close);
    if (inside.includes('{')) throw new Error('braces within braces');
    const choices = inside.split(',');
    if (done.length * choices.length > MAX_ALTERNATIVES)
      throw new Error(`more than ${MAX_ALTERNATIVES} alternatives in braces`);
    done = done.flatMap((one) => choices.map((choice) => one + choice));
    at = close + 1;
  }
  return done;
}

function readPart(text: string): Part {
  if (text === '**') return '**';
  const characters = [...text];
  const tokens: Token[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? '';
    if (character === '*') {
      if (tokens.at(-1)?.type !== 'ANY') tokens.push({ type: 'ANY' });
    } else if (character === '?') tokens.push({ type: 'ONE' });
    else if (character === '[') {
      const end = characters.indexOf(']', i + 2);
      if (end === -1) throw new Error('a [ without its ]');
      tokens.push(readSet(characters.slice(i + 1, end)));
      i = end;
    } else tokens.push({ type: 'CHARACTER', character });
  }
  return tokens;
}

function readSet(inside: readonly string[]): Token {
  const isNegated = inside[0] === '!' || inside[0] === '^';
  const members = isNegated ? inside.slice(1) : inside;
  if (members.length === 0) throw new Error('a [ ] with nothing in it');
  const ranges: [string, string][] = [];
  for (let i = 0; i < members.length; i++) {
    const from = members[i] ?? '';
    const to = members[i + 2];
    if (members[i + 1] === '-' && to !== undefined) {
      ranges.push([from, to]);
      i += 2;
    } else ranges.push([from, from]);
  }
  return { type: 'SET', isNegated, ranges };
}

/** Which beginnings of the name the glob has come to, after each of its parts. */
function matchesParts(glob: readonly Part[], name: readonly (readonly string[])[]): boolean {
  let reached = new Set([0]);
  for (const part of glob) {
    const next = new Set<number>();
    for (const at of reached) {
      if (part === '**') for (let to = at; to <= name.length; to++) next.add(to);
      else if (at < name.length && matchesPart(part, name[at] ?? [])) next.add(at + 1);
    }
    reached = next;
  }
  return reached.has(name.length);
}

/** Goes back to the last `*` alone: whatever one before it could take, that one can take too. */
function matchesPart(tokens: readonly Token[], text: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    const one = tokens[token];
    if (one?.type === 'ANY') {
      star = token++;
      starAt = at;
    } else if (one !== undefined && takes(one, text[at] ?? '')) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.type === 'ANY') token++;
  return token === tokens.length;
}

function takes(token: Token, character: string): boolean {
  if (token.type === 'ONE') return true;
  if (token.type === 'CHARACTER') return token.character === character;
  if (token.type === 'ANY') return false;
  return token.ranges.some(([from, to]) => from <= character && character <= to) !== token.isNegated;
}
