// The floor below every floor: a program that only stays alive.

setInterval(() => {}, 2 ** 30);
