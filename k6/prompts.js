// English words of which nearly all are one token for the tokenizers of current models.
const WORDS =
  'the a of to in is it on was as for with be by this that from at his but they you or an had not are which have one were her all she there would their we him been has when who will more no if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through back years where much your way well down should because each just those people'.split(
    ' ',
  );

/** So many words. The beginning differs each time: else the engine would have it in its prefix cache. */
export function prompt(count, seed) {
  let state = (seed * 2654435761) >>> 0;
  const next = () => (state = (state * 1664525 + 1013904223) >>> 0);
  const words = [`Request ${seed}.`, 'Tell a story that uses these words:'];
  for (let index = 0; index < count; index += 1) words.push(WORDS[next() % WORDS.length]);
  return words.join(' ');
}
