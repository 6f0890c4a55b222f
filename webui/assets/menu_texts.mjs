// esbuild plugin: the menus of diagram-js have one text that they do not translate, how many entries a search has found. It is asked of
// globalThis.tkFound, which designer/search defines. A version that says it in another way fails the build.
import { readFileSync } from 'node:fs';

const SAID = "${ entriesToShow.length } ${ entriesToShow.length === 1 ? 'result' : 'results' } found";

export const menuTexts = () => ({
  name: 'menu-texts',
  setup(build) {
    build.onLoad({ filter: /diagram-js\/lib\/features\/popup-menu\/PopupMenuComponent\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8'), asked = source.replace(SAID, '${ globalThis.tkFound?.(entriesToShow.length) ?? entriesToShow.length }');
      return { contents: asked, loader: 'js', errors: asked === source ? [{ text: `menu_texts.mjs: the menus of diagram-js no longer say "${SAID}"` }] : [] };
    });
  },
});
