// Takes the courtesies off a request ("hey can you please ... for me, thanks"), so that the argument rules see its core.
// Works on the surface only: what it leaves is a sentence or a fragment, in the words of the person.

const NAME = '(?:ai|siri|alexa|computer|assistant|google|cortana|robot)';
const FILLER = '(?:please|kindly|just|maybe|perhaps|also|then|quickly|now|like)';
const WISH =
  "(?:(?:i|we)(?: really| also| do)?(?:'d|'ll| would| will| am going)? (?:really |also )?(?:want|need|like|love|wish|have|prefer|got|gotta|wanna|must|shall|should|going)" +
  "|(?:i'?m|i am) (?:going|trying|looking|needing|wanting)|i (?:am )?(?:needing|wanting)|you (?:need|must|should|have|can|may)(?: to)?)";

const OPENINGS = [
  "i'm gonna need (?:you )?to|(?:can|could) (?:we|i) get you to|it would be (?:great|nice|good) if you (?:could|would|can)",
  `(?:hey|hi|hello|yo|ok|okay|alright|so|um|uh|well|oh|and|now)(?: ${NAME})?`,
  `${NAME}`,
  FILLER,
  "(?:can|could|would|will|won't|may|might|do|can't) (?:you|u|ya|we|i)(?: be able to)?",
  '(?:are you|is it|would it be) (?:able|possible|ok|okay|allowed)(?: for (?:you|me))? to',
  "(?:i was |i'm |i am )?(?:just )?wondering if you (?:can|could|would)|i wonder if you (?:can|could)|maybe you (?:can|could)",
  'would you be so kind as to|(?:do you )?think you (?:can|could)|any chance you (?:can|could)|how about you|is there any way you (?:can|could)',
  `${WISH}(?: for)? (?:you|u|to get you)? ?to`,
  "i(?:'ll| will)? (?:gotta|wanna|must|shall|should)",
  'we (?:can|could|should|need to|have to)',
  "(?:let's|lets|let us|let me(?! know))",
  '(?:go ahead|hurry up|go on|go now|be a dear) and(?: just)?',
  "(?:do me a favor and|be so kind as to|if you (?:can|could|would|don't mind|will)|help me(?: to)?|assist me(?: to)?|try to)",
  "(?:don'?t forget to|remember to|make sure (?:to|that you|you)|be sure to|i'd appreciate it if you(?: could| would)?)",
  'i think(?= i)|i think i|wanna|gotta|i forgot to',
];
const OPENING = new RegExp(`^["']?(?:${OPENINGS.join('|')})[ ,]+(?=\\S)`);

const CLOSINGS = [
  '(?:please|pls|plz|pleae|kindly)',
  '(?:thanks|thank you|thx)(?: (?:so|very) much)?',
  "if (?:you (?:can|could|would|will|please|don't mind)|possible)",
  'for me',
  '(?:will|would|could|can) (?:you|ya)',
  '(?:siri|alexa|ai|(?:ok |okay |hey )?google)',
  '(?:ok|okay|alright|(?<=, )(?:man|pal|mate)|(?<!\\b(?:my|the|a|call|phone|text|dial|message|ring|with|to|and|tell),? )(?:buddy|dude|bro)|cheers|already|pretty please|real quick|quickly|(?:please )?and thank you|when you (?:can|get a chance))',
];
const CLOSING = new RegExp(`(?<=\\S)[ ,]+(?:${CLOSINGS.join('|')})$`);
const CLOSING_NOW =
  /(?<=\S)(?<! from)[ ,]+(?:now|right now|right away|immediately|asap|at once|this instant|starting now|right this second)$/;

/** Without "hey", "can you please", "i want you to" and the like, as often as they stand at the front. */
export function stripOpening(text: string): string {
  return stripWhile(text.trim(), OPENING);
}

/** Without "please", "thanks", "for me" and the like at the end. */
export function stripClosing(text: string): string {
  return stripWhile(text.trim(), CLOSING).replace(/[ ,;.!?]+$/, '');
}

/** Both ends; the whole sentence where nothing else would be left. */
export function stripCourtesy(text: string): string {
  return stripOpening(stripClosing(text));
}

/** Both ends, and a closing "now" or "right away" too: for requests in which that is no argument. */
export function stripCourtesyAndNow(text: string): string {
  let current = text;
  for (;;) {
    const next = stripCourtesy(current).replace(CLOSING_NOW, '');
    if (next === current) return current;
    current = next;
  }
}

function stripWhile(text: string, pattern: RegExp): string {
  let current = text;
  for (;;) {
    const next = current.replace(pattern, '');
    if (next === current) return current;
    current = next;
  }
}
