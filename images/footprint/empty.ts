// The floor below every floor: a program that says one line and stays alive.

console.log('{"event":"reading"}');
setInterval(() => {}, 2 ** 30);
