// The small changes of spoken and typed English: contractions both ways, lost apostrophes and articles, typing slips.
// Works on one piece of text at a time; it does not know segments, and is told where it may work.
import type { Rng } from '../rng.js';

// "a = b" lines as pairs.
const pairs = (list: string): readonly (readonly [string, string])[] =>
  list
    .split(';')
    .map((entry) => entry.split('=').map((side) => side.replace(/\s+/g, ' ').trim()))
    .flatMap(([from, to]) => (from && to ? [[from, to] as const] : []));

// Long form, short form. Each may turn into the other.
const CONTRACTIONS = pairs(`
  what is = what's; what are = what're; where is = where's; who is = who's; when is = when's; how is = how's; i am = i'm;
  i would = i'd; i will = i'll; it is = it's; do not = don't; does not = doesn't; cannot = can't; can not = can't;
  is not = isn't; you are = you're; there is = there's; that is = that's; what will = what'll; i have got = i've got`);
// One way only, and rarely: how people type and speak.
const CASUAL = pairs(`
  going to = gonna; want to = wanna; got to = gotta; have to = gotta; give me = gimme; let me = lemme; please = pls;
  please = plz; you = u; are = r; for = 4; to = 2; tomorrow = tmrw; okay = ok; because = cuz; thanks = thx; your = ur;
  what is = wats; about = abt; and = &; with = w/; kind of = kinda; do not know = dunno; favorite = favourite;
  color = colour; what are = whatre; give me = giv me; what's = wats; right now = rn; message = msg; minutes = mins`);
// Misspellings and mishearings of words that requests are full of.
const SLIPS = new Map<string, string[]>();
for (const [word, slips] of pairs(`
  alarm = alram allarm alarme alrm; reminder = remider reminer remindr; calendar = calender calander calandar;
  tomorrow = tommorow tomorow tommorrow; schedule = shedule schedual scedule; weather = wether whether weater;
  temperature = temprature temperture; message = mesage massage messege; appointment = appointmnet apointment appt;
  restaurant = restaraunt resturant restraunt; playlist = play-list playlst; shopping = shoping shoppin;
  grocery = grocry grocerie; minutes = mintues minuts; volume = volum voulme; convert = covert convirt; timer = timmer tiemr;
  too = to two; their = there; your = you you're; by = buy; need = kneed nee; the = teh da th; what = wat waht wht;
  set = sat ste; when = wen; wake = weak wak; call = cal cll; delete = delet; remember = remeber; list = lsit lists;
  definitely = definately; play = pla plya; turn = trun tunr; lights = light ligths; how = hwo; much = mcuh`)) {
  SLIPS.set(word, slips.split(' '));
}
const NEIGHBOURS = new Map(
  pairs(`
  a = qsz; b = vgn; c = xdv; d = sfe; e = wrd; f = dgr; g = fht; h = gjy; i = uok; j = hku; k = jli; l = kop; m = nj; n = bmh;
  o = ipl; p = ol; q = wa; r = etf; s = adw; t = ryg; u = yij; v = cbf; w = qes; x = zcs; y = tuh; z = xas`),
);

function swapWord(text: string, from: string, to: string): string {
  const at = ` ${text} `.indexOf(` ${from} `);
  return at < 0 ? text : text.slice(0, at) + to + text.slice(at + from.length);
}

/** One contraction made or undone, where the text has any; unchanged otherwise. */
export function contract(text: string, rng: Rng): string {
  const usable = CONTRACTIONS.flatMap(
    ([long, short]) =>
      [
        [long, short],
        [short, long],
      ] as const,
  ).filter(([from]) => swapWord(text, from, '') !== text);
  if (usable.length === 0) return text;
  const [from, to] = rng.pick(usable);
  return swapWord(text, from, to);
}

/** One casual spelling ("gonna", "u", "pls"), where the text has a place for it. */
export function makeCasual(text: string, rng: Rng): string {
  const usable = CASUAL.filter(([from]) => swapWord(text, from, '') !== text);
  if (usable.length === 0) return text;
  const [from, to] = rng.pick(usable);
  return swapWord(text, from, to);
}

/** The text without its apostrophes: "whats", "im". */
export function dropApostrophes(text: string): string {
  return text.replace(/(?<=[a-z])'(?=[a-z])/g, '');
}

/** The text without its articles: "set alarm for me". */
export function dropArticles(text: string): string {
  return text.replace(/(^| )(?:a|an|the) (?=[a-z])/g, '$1');
}

/** One misspelling or typing slip in a word of four letters or more (three for the known ones). */
export function slip(text: string, rng: Rng): string {
  const words = text.split(' ');
  const known = words.flatMap((word, i) => (SLIPS.has(word) ? [i] : []));
  if (known.length > 0 && rng.chance(0.6)) {
    const i = rng.pick(known);
    words[i] = rng.pick(SLIPS.get(words[i]!)!);
    return words.join(' ');
  }
  const long = words.flatMap((word, i) => (/^[a-z]{4,}$/.test(word) ? [i] : []));
  if (long.length === 0) return text;
  const i = rng.pick(long);
  words[i] = mistype(words[i]!, rng);
  return words.join(' ');
}

function mistype(word: string, rng: Rng): string {
  const at = rng.between(1, word.length - 2);
  const char = word[at]!;
  switch (rng.int(4)) {
    case 0:
      return word.slice(0, at) + word[at + 1] + char + word.slice(at + 2);
    case 1:
      return word.slice(0, at) + word.slice(at + 1);
    case 2:
      return word.slice(0, at) + char + word.slice(at);
    default:
      return word.slice(0, at) + rng.pick([...(NEIGHBOURS.get(char) ?? char)]) + word.slice(at + 1);
  }
}
