// The rules of the chosen table as a spreadsheet, and rules from one.
import { toast } from '../shared/toast.js';
import { offer, sendFile } from './sending.js';

// xml(), decision(): as they are now; take(xml) puts another state into the editor
export function sheet({ form, address, key, xml, decision, take }) {
  const ask = async (file, use) => {
    try {
      await use(await sendFile(address, { xml: await xml(), decision: decision(), file }));
    } catch (error) {
      toast({ level: 'danger', text: error.message });
    }
  };
  form.querySelector('[value=out]').addEventListener('click', () => ask(undefined, answer => offer(answer, `${key}.xlsx`)));
  form.addEventListener('submit', event => {
    event.preventDefault();
    ask(form.elements.file.files[0], async answer => {
      await take((await answer.json()).xml);
      form.reset();
    });
  });
}
