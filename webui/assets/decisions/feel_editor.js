// The FEEL editor of dmn-js (build.mjs puts this in its place) with our completion. `variables` is what `known.at()` gives.
import { startCompletion } from '@codemirror/autocomplete';
import FeelEditor from '@bpmn-io/feel-editor';
import { completion } from '../shared/completion.js';

export const functions = [];

let pointed = false;
addEventListener('pointerdown', () => { pointed = true; }, true);
addEventListener('keydown', () => { pointed = false; }, true);

export default class extends FeelEditor {
  constructor({ variables, extensions = [], ...options }) {
    const words = { now: variables, all: () => words.now.names ?? [], values: () => words.now.values ?? [], functions: () => functions };
    super({ ...options, variables: variables.names ?? [], extensions: [...extensions, completion(words)] });
    this.words = words;
  }

  setVariables(variables) {
    this.words.now = variables;
    super.setVariables(variables.names ?? []);
  }

  // whoever clicks on an empty cell sees what it may say; keys go through cells undisturbed
  focus(position) {
    super.focus(position);
    if (pointed && !this._cmEditor.state.doc.length && this.words.values().length) startCompletion(this._cmEditor);
  }
}
