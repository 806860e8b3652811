/** A number that has been written, with its noun: `1 line`, `2,000 lines`. */
export const counted = (count: string, one: string, several = `${one}s`) =>
  `${count} ${count === '1' ? one : several}`;
