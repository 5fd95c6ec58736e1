// What contacts and users are found by: words of names, and numbers from one of their digits on.

const MAX_KEYS = 200;
const MAX_WORD = 40;
const MAX_SORT_NAME = 120;
const SHORTEST_NUMBER = 3;

const listWords = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, MAX_WORD));

export function makeKeys(names, numbers) {
  const keys = new Set();
  for (const name of names) {
    if (!name) continue;
    for (const word of listWords(name)) keys.add(word);
    for (const word of listWords(name.replace(/['’ʼ`]/g, ""))) keys.add(word);
  }
  for (const digits of numbers) {
    for (let at = 0; at <= digits.length - SHORTEST_NUMBER; at += 1) keys.add(digits.slice(at));
  }
  return [...keys].sort().slice(0, MAX_KEYS);
}

export const makeSortName = (names) =>
  (names.filter(Boolean).map((name) => listWords(name).join(" ")).find(Boolean) ?? "")
    .slice(0, MAX_SORT_NAME);
