// Work that has not reached the server, kept in the browser (IndexedDB) until it has.
const NAME = 'troika', STORE = 'unsent';

function opened() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function act(mode, work) {
  const database = await opened();
  try {
    return await new Promise((done, failed) => {
      const transaction = database.transaction(STORE, mode);
      const asked = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => done(asked.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error);
    });
  } finally {
    database.close();
  }
}

// id: whose work on what; one piece each
export const keep = (id, piece) => act('readwrite', store => store.put(piece, id));
export const forget = id => act('readwrite', store => store.delete(id));
export const found = id => act('readonly', store => store.get(id));
