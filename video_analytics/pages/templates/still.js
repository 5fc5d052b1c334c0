for (const id of Object.keys(columns)) show(id, data[id].rows, data[id].finding);
