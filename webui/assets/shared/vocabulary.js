// The words that a drawing may use beside BPMN's own. An element of a known namespace that no descriptor names is dropped by
// moddle when a file is opened: whatever the engine reads must stand here (tests/webui/test_assets.py compares).
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json';
import troika from '../designer/troika.json';
import more from '../designer/zeebe_more.json';

export const moddleExtensions = { zeebe: { ...zeebe, types: [...zeebe.types, ...more.types] }, troika };
