/*
 * A client of memcached: pairs of a set and a get over one connection, every reply checked.
 *
 *   memcached-pairs ADDRESS PORT PAIRS
 *
 * Waits for the server to listen (at most 5 s). Exit code: 0 when every reply was right, 1 otherwise.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 500
#define TRY_MICROSECONDS 10000

static int connect_to(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		errx(1, "%s: expected an IPv4 address", address);
	for (int i = 0; i < TRIES; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		if (fd < 0)
			err(1, "socket");
		if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
			return fd;
		close(fd);
		usleep(TRY_MICROSECONDS);
	}
	err(1, "%s port %d", address, port);
}

/* Sends `request` and takes a reply of exactly the bytes of `expected`. */
static void exchange(int fd, const char *request, const char *expected)
{
	char reply[256];
	size_t wanted = strlen(expected), length = 0;
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		err(1, "write");
	while (length < wanted) {
		ssize_t count = read(fd, reply + length, wanted - length);
		if (count <= 0)
			err(1, "read");
		length += count;
	}
	if (memcmp(reply, expected, wanted) != 0)
		errx(1, "reply %.*s, expected %s", (int)length, reply, expected);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		errx(1, "usage: memcached-pairs ADDRESS PORT PAIRS");
	int pairs = atoi(argv[3]), fd = connect_to(argv[1], atoi(argv[2]));
	for (int i = 0; i < pairs; i++) {
		char request[128], expected[128];
		snprintf(request, sizeof request, "set key%d 0 0 16\r\nvalue %010d\r\n", i, i);
		exchange(fd, request, "STORED\r\n");
		snprintf(request, sizeof request, "get key%d\r\n", i);
		snprintf(expected, sizeof expected, "VALUE key%d 0 16\r\nvalue %010d\r\nEND\r\n", i, i);
		exchange(fd, request, expected);
	}
	printf("memcached: %d pairs of set and get, every reply right\n", pairs);
	return 0;
}
