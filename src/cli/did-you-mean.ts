/** The word of some that is nearest to one that there is not, as the end of a message; nothing where none is near. */
export function didYouMean(given: string, words: Iterable<string>): string {
  let nearest: string | null = null;
  // a letter in three may be wrong
  let most = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const word of words) {
    const distance = distanceOf(given, word);
    if (distance >= most) continue;
    most = distance;
    nearest = word;
  }
  return nearest === null ? '' : `; did you mean ${nearest}?`;
}

/** Letters to change, add, leave out, or swap with the next one (optimal string alignment). Hyphens do not count. */
function distanceOf(one: string, other: string): number {
  const a = one.toLowerCase().replaceAll('-', '').slice(0, 40);
  const b = other.replaceAll('-', '');
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
