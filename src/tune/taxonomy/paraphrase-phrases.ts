// The words around requests: which words open an order or a question, and what people put before and after them.
// Lists only; a phrase that stands several times is drawn that much more often.

const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/).filter((word) => word !== ''));
const phrases = (list: string): readonly string[] =>
  list
    .split(';')
    .map((phrase) => phrase.replace(/\s+/g, ' ').trim())
    .filter((phrase) => phrase !== '');

/** Verbs that open an order; a polite frame fits before them. */
export const ORDERS = words(`
  add adjust alert announce arrange ask boost bring brighten book bump buy calculate call cancel change check choose clear
  close compose compute connect convert count create crank decrease delete dial dim direct disable discard display divide
  drop enable erase fetch figure find flip get give go hang help increase inform jot kill leave let list locate lock look
  lower make mark message move multiply mute navigate notify open order organize pause phone pick ping pin place play post
  pull put raise read recommend record reduce remind remove rename repeat reschedule reserve restart resume ring roll save
  say schedule search see send set shoot show shut skip share slow solve speak spell start stop store subtract suggest
  switch take tell text throw toss track translate turn undo unlock unmute update wake warn work write`);

/** Orders that a person may also mean to carry out alone: "i need to set an alarm". */
export const OWN_ORDERS = words(`
  add book calculate call cancel change check clear convert create delete find get hear make message order phone play put
  remove schedule see send set start text turn`);

/** Words that open a question which "tell me" fits before. */
export const QUESTIONS = words(`what what's whats how how's when when's where where's who who's which why`);

/** Before an order. */
export const FRAMES = phrases(`
  please; please; please; can you; can you; can you; could you; could you; can you please; could you please; would you;
  will you; would you please; will you please; i need you to; i need you to; i want you to; i'd like you to;
  i would like you to; go ahead and; hey can you; hey could you; hey please; please can you; please could you; kindly; just;
  quickly; do me a favor and; you need to; can u; could u; pls; ok; okay; yo; be so kind and; now; also; are you able to;
  would it be possible for you to; can you go ahead and; please go ahead and; i want to ask you to; hi can you;
  i'd appreciate it if you could; if you could please; hello please; would you be able to; can ya; i'm gonna need you to`);

/** Before an order that the speaker may carry out. */
export const OWN_FRAMES = phrases(`
  i need to; i need to; i want to; i want to; i'd like to; i would like to; let's; lets; can i; can we; i have to; i gotta;
  help me; i wanna; i got to; i must; i was hoping to; may i; time to; i think i need to; i should; i'm trying to; could i`);

/** Before a question. */
export const QUESTION_FRAMES = phrases(`
  hey; so; ok; um; okay; tell me; tell me; can you tell me; can you tell me; could you tell me; do you know; i want to know;
  i need to know; i'd like to know; please tell me; quick question; excuse me; i was wondering; just wondering; hi;
  let me know; and; would you happen to know; any idea; can you please tell me; i'm curious`);

/** Names that an assistant is called by. */
export const WAKE_WORDS = phrases(`
  alexa; hey siri; siri; ok google; hey google; google; okay google; hey alexa; cortana; hey cortana; computer; hey computer;
  assistant; hey assistant; jarvis; olly; hey olly; hey bixby; hey there; hey buddy; hi there; hello`);

/** Hesitations. */
export const FILLERS = phrases(`uh; um; er; like; you know; uhm; well; actually; hmm`);

/** After an order. */
export const TAILS = phrases(`
  please; please; please; please; for me; for me; for me please; thanks; thank you; now; right now; real quick; would you;
  if you can; if you could; ok; asap; pls; thx; right away; will you; if possible; for me thanks; when you get a chance;
  quickly; can you`);

/** After a question. */
export const QUESTION_TAILS = phrases(`please; please; thanks; do you know; again; pls; anyway; exactly; if you know`);
