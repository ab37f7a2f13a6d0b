package firewall

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// families names the families of nftables as nft does.
var families = map[byte]string{unix.NFPROTO_IPV4: "ip", unix.NFPROTO_IPV6: "ip6", unix.NFPROTO_INET: "inet", unix.NFPROTO_ARP: "arp", unix.NFPROTO_BRIDGE: "bridge", unix.NFPROTO_NETDEV: "netdev"}

// kernelTables asks the kernel for the names of its nftables tables, as
// "inet filter"; none where it was built without nftables.
func kernelTables() ([]string, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EAFNOSUPPORT) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("netfilter netlink: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return nil, fmt.Errorf("netfilter netlink: %w", err)
	}
	request := make([]byte, unix.SizeofNlMsghdr+4) // nlmsghdr and nfgenmsg
	binary.NativeEndian.PutUint32(request[0:], uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETTABLE)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, fmt.Errorf("netfilter netlink: %w", err)
	}
	var out []string
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("netfilter netlink: %w", err)
		}
		tables, done, err := tableNames(buf[:n])
		if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) {
			return nil, nil // no nftables in this kernel
		}
		if err != nil {
			return nil, fmt.Errorf("netfilter netlink: %w", err)
		}
		if out = append(out, tables...); done {
			slices.Sort(out)
			return out, nil
		}
	}
}

// tableNames reads one answer: messages of nfgenmsg and attributes, of which
// the first kind (NFTA_TABLE_NAME) is the name.
func tableNames(answer []byte) (tables []string, done bool, err error) {
	messages, err := syscall.ParseNetlinkMessage(answer)
	if err != nil {
		return nil, false, err
	}
	for _, m := range messages {
		switch m.Header.Type {
		case unix.NLMSG_DONE:
			return tables, true, nil
		case unix.NLMSG_ERROR:
			if len(m.Data) < 4 {
				return nil, false, errors.New("the kernel refused without a reason")
			}
			if code := -int32(binary.NativeEndian.Uint32(m.Data)); code != 0 {
				return nil, false, unix.Errno(code)
			}
			return tables, true, nil
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWTABLE:
			if len(m.Data) < 4 {
				return nil, false, errors.New("a table without a family")
			}
			family, known := families[m.Data[0]]
			if !known {
				family = fmt.Sprintf("family%d", m.Data[0])
			}
			for rest := m.Data[4:]; len(rest) >= 4; {
				size, kind := int(binary.NativeEndian.Uint16(rest)), binary.NativeEndian.Uint16(rest[2:])
				if size < 4 || size > len(rest) {
					return nil, false, errors.New("an attribute longer than its message")
				}
				if kind&0x3fff == unix.NFTA_TABLE_NAME {
					name, _, _ := bytes.Cut(rest[4:size], []byte{0})
					tables = append(tables, family+" "+string(name))
				}
				rest = rest[min((size+3)&^3, len(rest)):]
			}
		}
	}
	return tables, false, nil
}
