"""The wire: destinations of every packet that the pods sent, questions for names included."""

import socket
import threading
from typing import NamedTuple

IPV4 = 0x0800
PROTOCOLS = {6: "tcp", 17: "udp"}


class Destination(NamedTuple):
    address: str
    protocol: str
    port: int


class Wire:
    """Listens on the bridge from now on. Packets to addresses of no machine are seen too, as every route leads here."""

    def __init__(self, interface: str, pods: frozenset[str]) -> None:
        self._pods, self.seen = pods, set[Destination]()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
        self._socket.bind((interface, IPV4))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            packet = self._socket.recv(128)
            header = (packet[0] & 15) * 4
            source, target = (socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16))
            if source in self._pods:
                protocol, port = PROTOCOLS.get(packet[9], str(packet[9])), packet[header + 2 : header + 4]
                self.seen.add(Destination(target, protocol, int.from_bytes(port, "big")))

    def opened(self) -> set[Destination]:
        """Destinations but those of answers, whose ports are clients' own."""
        return {each for each in self.seen if each.port < 32768}
