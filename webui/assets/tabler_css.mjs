// esbuild plugin: what is shipped of Tabler's style sheet.
// Families of classes that no page uses are left out, a sixth of it; what begins to use one takes it off the list.
// And Tabler has rules that no class of an element keeps narrow: rows that ask for what a class or style attribute begins with,
// siblings of any kind. For those a browser styles everything below an element anew whenever a class of it changes or a child is put
// in: a whole drawing when the pointer enters it. They are said here in a way that it can tell apart; a version of Tabler that says
// them otherwise fails the build.
import { readFileSync } from 'node:fs';

const UNUSED = [
  'accordion', 'breadcrumb', 'carousel', 'chat', 'divide', 'focus-ring', 'legend', 'link', 'markdown', 'mention', 'object', 'offcanvas',
  'offset', 'otp', 'pagination', 'popover', 'prose', 'ribbon', 'signal', 'sortable', 'sparkline', 'spinner', 'strength', 'tooltip', 'tracking',
];
const COLOURED = ':not(:is([class^=bg-],[class*=" bg-"],[class^=table-],[class*=" table-"],[class^=text-bg-],[class*=" text-bg-"],[style*=background]))';
const SAID = [      // what Tabler says, how often, what is said here
  [`.table-striped>tbody>tr:nth-of-type(2n)${COLOURED}>${COLOURED}{`, 1, '.table-striped>tbody>tr:nth-of-type(2n)>*{'],
  [`.table-striped-columns>:not(caption)>tr${COLOURED}>:nth-child(2n)${COLOURED}{`, 1, '.table-striped-columns>:not(caption)>tr>:nth-child(2n){'],
  ['.navbar-vertical[class*=navbar-expand] .navbar-collapse [class^=container]{', 1, '.navbar-vertical[class*=navbar-expand] .navbar-collapse :is(.container,.container-fluid,.container-xl){'],
  ['>:not(template)~:not(template){', 16, '>:is(div,li)~:is(div,li){'],
  ['legend+*{', 1, 'fieldset>*{'],
];

const INNER = '\\((?:[^()]|\\((?:[^()]|\\([^()]*\\))*\\))*\\)';
const RULE = /([^{};]+)(\{[^{}]*\})/g, SELECTOR = new RegExp(`(?:[^,(]|${INNER})+`, 'g'), NOT = new RegExp(`:not${INNER}`, 'g');
const OF_UNUSED = new RegExp(`\\.(?:${UNUSED.join('|')})(?![a-z0-9])`);

function used(css) {
  return css.replace(RULE, (_, selectors, body) => {
    const kept = selectors.match(SELECTOR).filter(selector => !OF_UNUSED.test(selector.replace(NOT, '')));
    return kept.length ? kept.join() + body : '';
  });
}

export const tablerCss = () => ({
  name: 'tabler-css',
  setup(build) {
    build.onLoad({ filter: /@tabler\/core\/dist\/css\/tabler\.min\.css$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8'), stale = SAID.filter(([before, times]) => source.split(before).length - 1 !== times);
      return {
        contents: used(SAID.reduce((text, [before, , after]) => text.replaceAll(before, after), source)), loader: 'css',
        errors: stale.map(([before, times]) => ({ text: `tabler_css.mjs: Tabler no longer says "${before}" ${times} times` })),
      };
    });
  },
});
